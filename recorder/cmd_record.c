/*
 * `frontrun record`: one controlled run of a program, written as a trace. The run itself is
 * session.c, the lines are trace_sink.c; here is what the user gives and gets.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "formats/trace_names.h"
#include "formats/trace_reader.h"
#include "formats/trace_writer.h"
#include "recorder/alloc.h"
#include "recorder/code_patterns.h"
#include "recorder/fields.h"
#include "recorder/header.h"
#include "recorder/naming.h"
#include "recorder/options.h"
#include "recorder/outcome.h"
#include "recorder/pack.h"
#include "recorder/redact.h"
#include "recorder/race_text.h"
#include "recorder/session.h"
#include "recorder/story.h"
#include "recorder/strategy_parameters.h"
#include "recorder/trace_sink.h"

#define NOTES_SHOWN 5 /* notes that are printed while the program runs */
#define PREEMPT_AFTER 2.0

int cmd_record(const struct command *command, int argc, char **argv);

struct recording {
	struct options options;
	struct session_config config;
	struct session_hooks hooks;
	const char *path;
	struct trace_writer *writer;
	struct trace_sink *sink;
	bool verbose;
	unsigned notes;
	char last_note[RACE_TEXT]; /* as printed */
	double flushed;            /* time of the last flush */
	char *patterns;            /* of config */
	struct redact *redact;
	struct pack *pack; /* NULL: nothing is packed */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A remark while the program runs. What only matters for reading the trace needs -v. */
static void show_note(struct recording *recording, const char *kind, const char *text)
{
	char space[sizeof(recording->last_note)];
	struct text line;

	if (!strcmp(kind, "info") && !recording->verbose)
		return;
	text_init(&line, space, sizeof(space));
	text_add_clean_lines(&line, text, strlen(text));
	/* The same again says nothing new. */
	if (!strcmp(line.data, recording->last_note))
		return;
	memcpy(recording->last_note, space, sizeof(space));
	if (++recording->notes > NOTES_SHOWN && !recording->verbose)
		return;
	if (!strcmp(kind, "race"))
		text_print_lines(stderr, "frontrun: ", line.data);
	else
		fprintf(stderr, "frontrun: %s: %s\n", kind, line.data);
}

static void on_runtime_note(void *self, const char *kind, const char *text)
{
	show_note(self, kind, text);
}

static void on_note(void *self, const char *kind, const char *text)
{
	struct recording *recording = self;

	trace_writer_note(recording->writer, kind, text);
	show_note(recording, kind, text);
}

/* So that a trace can be read up to the last second when this process is killed. */
static void on_tick(void *self, struct session *session)
{
	struct recording *recording = self;
	double time = now();

	(void)session;
	if (time - recording->flushed < 1)
		return;
	recording->flushed = time;
	trace_writer_flush(recording->writer);
}

/* --parameter NAME=N. Returns -1, or the usage status. */
static int set_parameter(struct plan_strategy *strategy, const struct command *command,
			 const char *text)
{
	size_t n = strcspn(text, "=");
	uint64_t value;
	char *end;

	value = text[n] ? strtoull(text + n + 1, &end, 10) : 0;
	if (!text[n] || end == text + n + 1 || *end)
		return options_usage_error(command, "parameter '%.*s' needs a number", (int)n,
					   text);
	if (!strategy_parameter_set(strategy, text, n, value))
		return -1;
	return options_usage_error(command, "strategy %s has no parameter '%.*s'",
				   header_strategy_name(strategy->id), (int)n, text);
}

static uint64_t new_seed(void)
{
	uint32_t seed;

	/* Short enough to be typed again. */
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint32_t)time(NULL);
	return seed;
}

/* Returns -1, or the exit status. */
static int configure(struct recording *recording, const struct command *command)
{
	const struct options *options = &recording->options;
	const struct option_value *parameters = &options->value[OPTION_PARAMETER];
	struct session_config *config = &recording->config;
	struct plan_strategy *strategy = &config->strategy;
	struct err err = { 0 };
	unsigned i;
	int status;

	if (!options->n_words)
		return options_usage_error(command, "which program? (see frontrun help record)");
	session_run_defaults(&config->run);
	config->target.argv = options->words;
	config->no_trap = options_given(options, OPTION_NO_TRAP);
	config->time_limit = options_seconds(options, OPTION_TIME_LIMIT, 0);
	config->preempt_after = options_seconds(options, OPTION_PREEMPT_AFTER, PREEMPT_AFTER);
	config->run.step_budget = options_count(options, OPTION_STEPS, 0);
	if (options_given(options, OPTION_IDLE_WAIT)) {
		uint64_t ms = options_count(options, OPTION_IDLE_WAIT, 0);

		if (ms > 1000000000)
			return options_usage_error(command, "--idle-wait is too long");
		config->run.idle_wait_ns = (int64_t)ms * 1000000;
	}
	strategy->id = (uint32_t)header_strategy_by_name(
		options_string(options, OPTION_STRATEGY, "natural"));
	strategy->seed = options_given(options, OPTION_SEED)
				 ? options_count(options, OPTION_SEED, 0)
				 : new_seed();
	if (options_count(options, OPTION_SLICE, 0) > UINT32_MAX)
		return options_usage_error(command, "--slice is too large");
	strategy->slice = (uint32_t)options_count(options, OPTION_SLICE, 0);
	strategy_parameter_defaults(strategy);
	if (!config->no_trap && !options_given(options, OPTION_NO_INPUT))
		config->run.flags |= PLAN_RUN_KEEP_ANSWERS;
	if (!strcmp(options_string(options, OPTION_RACES_RECORD, "report"), "off"))
		config->run.flags &= ~(uint32_t)PLAN_RUN_RACES;
	if (!strcmp(options_string(options, OPTION_GIL_RECORD, "on"), "off"))
		config->run.flags |= PLAN_RUN_ANY_ACCESS;
	if (options_given(options, OPTION_NO_AGENT))
		config->run.flags |= PLAN_RUN_NO_AGENT;
	config->code_patterns = recording->patterns =
		code_patterns_of(options, &config->code_patterns_length);
	for (i = 0; i < parameters->count; i++) {
		status = set_parameter(strategy, command, parameters->all[i]);
		if (status >= 0)
			return status;
	}
	recording->redact = redact_new(options->value[OPTION_REDACT].all,
				       options->value[OPTION_REDACT].count, &err);
	if (err.code)
		return options_usage_error(command, "%s", err.text);
	if (options_given(options, OPTION_PACK))
		recording->pack = pack_new();
	recording->path = options_string(options, OPTION_OUTPUT, "trace.zst");
	recording->verbose = options_given(options, OPTION_VERBOSE);
	recording->hooks.self = recording;
	recording->hooks.note = on_note;
	recording->hooks.tick = on_tick;
	return -1;
}

static int error_status(const struct err *err)
{
	switch (err->code) {
	case TARGET_ERR_NOT_FOUND:
		return EXIT_RECORD_NOT_FOUND;
	case TARGET_ERR_NOT_EXECUTABLE:
		return EXIT_RECORD_NOT_EXECUTABLE;
	default:
		return EXIT_RECORD_ERROR;
	}
}

static int complain(const struct err *err)
{
	fprintf(stderr, "frontrun: %s\n", err->text);
	return error_status(err);
}

/* The status that record ends with when the run could be recorded. */
static int run_status(const struct session_result *result)
{
	if (result->boot != BOOT_OK)
		return EXIT_RECORD_ERROR;
	if (result->time_limit)
		return EXIT_RECORD_FAILURE;
	switch (result->verdict) {
	case VERDICT_EXIT:
		return result->status;
	case VERDICT_SIGNAL:
		return 128 + (result->interrupted ? result->interrupted : result->status);
	case VERDICT_DEADLOCK:
	case VERDICT_STUCK:
	case VERDICT_LOST_THREAD:
	case VERDICT_STEP_BUDGET:
	case VERDICT_MEMORY:
		return EXIT_RECORD_FAILURE;
	default:
		return EXIT_RECORD_ERROR;
	}
}

/* Every line of ours begins with "frontrun: ", so that it can be told from the program's own. */
static void print_lines(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		fprintf(stderr, n ? "frontrun: %.*s\n" : "frontrun:%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* The story of a failure, with the names out of the trace that was just written. */
static void tell_failure(const struct recording *recording)
{
	struct trace_reader *reader = trace_reader_open(recording->path, NULL);
	struct trace_names *names = trace_names_new();
	struct story story = { .verbose = recording->verbose };
	struct naming *naming;
	const cJSON *read;
	cJSON *outcome;
	size_t size;
	char *text;

	if (!reader)
		goto done;
	trace_names_load(names, reader, NULL);
	read = trace_reader_outcome(reader, NULL);
	/* What it said on standard error has just been seen. */
	outcome = cJSON_Duplicate(read, true);
	cJSON_DeleteItemFromObjectCaseSensitive(outcome, "stderr");
	naming = naming_new(names);
	story.naming = naming;
	story.out = alloc_check(open_memstream(&text, &size));
	story_tell(&story, outcome);
	fputc('\n', story.out);
	story_commands(story.out, recording->path);
	fclose(story.out);
	print_lines(text);
	free(text);
	naming_free(naming);
	cJSON_Delete(outcome);
done:
	trace_names_free(names);
	trace_reader_close(reader);
}

/* "trace.zst: 12,345 events, 3 threads, 57 switches; exit status 0" */
static void print_summary(const struct recording *recording, const struct session_result *result,
			  const cJSON *outcome, bool failed)
{
	const struct trace_sink_counts *counts = trace_sink_counts(recording->sink);
	char space[1024];
	struct text line;

	text_init(&line, space, sizeof(space));
	text_add_clean(&line, recording->path);
	text_add(&line, ": ");
	text_add_count(&line, result->events);
	text_add(&line, result->events == 1 ? " event, " : " events, ");
	text_add_count(&line, counts->lanes);
	text_add(&line, counts->lanes == 1 ? " thread, " : " threads, ");
	text_add_count(&line, result->switches);
	text_add(&line, result->switches == 1 ? " switch; " : " switches; ");
	if (failed)
		text_add(&line, "the program was ended because of that");
	else if (result->time_limit)
		text_add(&line, "killed after the time limit");
	else if (result->interrupted)
		text_add(&line, "interrupted");
	else
		story_word(&line, outcome);
	fprintf(stderr, "frontrun: %s\n", line.data);
	if (recording->notes > NOTES_SHOWN && !recording->verbose)
		fprintf(stderr, "frontrun: %u more remarks: frontrun info shows them\n",
			recording->notes - NOTES_SHOWN);
	if (result->orphans)
		fprintf(stderr, "frontrun: %u process%s outlived the program and %s ended\n",
			result->orphans, result->orphans == 1 ? "" : "es",
			result->orphans == 1 ? "was" : "were");
}

static void print_json(const struct recording *recording, const cJSON *outcome, int status)
{
	struct json_out out;

	json_out_init(&out);
	json_object_begin(&out);
	json_key(&out, "schema");
	json_int(&out, 1);
	json_key(&out, "command");
	json_string(&out, "record");
	json_key(&out, "trace");
	json_string(&out, recording->path);
	json_key(&out, "exit_status");
	json_int(&out, status);
	json_key(&out, "events");
	json_uint(&out, trace_writer_events(recording->writer));
	json_key(&out, "decisions");
	json_uint(&out, trace_writer_decisions(recording->writer));
	json_cjson_members(&out, outcome);
	json_object_end(&out);
	json_newline(&out);
	fwrite(out.data, 1, out.len, stdout);
	json_out_fini(&out);
}

static void print_boot_failure(const struct session_result *result)
{
	static const char *const rows[BOOT_COUNT][2] = {
#define BOOT(symbol, sentence, remedy) [BOOT_##symbol] = { sentence, remedy },
#include "formats/boot.def"
#undef BOOT
	};
	char space[512];
	struct text detail;

	text_init(&detail, space, sizeof(space));
	if (*result->boot_detail) {
		text_add(&detail, " (");
		text_add_clean(&detail, result->boot_detail);
		text_add(&detail, ")");
	}
	fprintf(stderr, "frontrun: %s%s: %s\n", rows[result->boot][0], detail.data,
		rows[result->boot][1]);
}

/* After the run: outcome, end of the file, and the words about it. Returns the exit status. */
static int finish(struct recording *recording, struct session_result *result, int rc,
		  struct err *err)
{
	int status = rc ? error_status(err) : run_status(result);
	cJSON *outcome, *line;
	struct err failed;

	if (rc == -DRAIN_ERR_CORRUPT) {
		/* What the region says of the start is not to be believed any more. */
		result->boot = BOOT_OK;
		result->verdict = VERDICT_CONTROL_LOST;
		result->failure.kind = VERDICT_CONTROL_LOST;
		snprintf(result->failure.text, sizeof(result->failure.text), "%s", err->text);
	}
	pack_write(recording->pack, recording->writer); /* an error of it comes back at the end */
	outcome = outcome_new(result, recording->sink);
	redact_outcome(recording->redact, outcome);
	trace_writer_outcome(recording->writer, outcome_word(result->verdict), outcome);
	line = alloc_check(cJSON_CreateObject());
	cJSON_AddStringToObject(line, "outcome", outcome_word(result->verdict));
	while (outcome->child) {
		cJSON *item = cJSON_DetachItemViaPointer(outcome, outcome->child);

		cJSON_AddItemToObject(line, item->string, item);
	}
	cJSON_Delete(outcome);

	if (options_given(&recording->options, OPTION_JSON))
		print_json(recording, line, status);
	if (trace_writer_close(recording->writer, &failed)) {
		rc = -failed.code;
		*err = failed;
		status = EXIT_RECORD_ERROR;
	}
	recording->writer = NULL;
	if (rc)
		fprintf(stderr, "frontrun: %s\n", err->text);
	else if (result->boot != BOOT_OK)
		print_boot_failure(result);
	print_summary(recording, result, line, rc != 0);
	if (!rc && story_is_failure(line) && !result->interrupted && !result->time_limit)
		tell_failure(recording);
	cJSON_Delete(line);
	return status;
}

static int record(struct recording *recording)
{
	const struct option_value *env = &recording->options.value[OPTION_ENV];
	struct session_result *result = alloc_check(malloc(sizeof(*result)));
	struct session *session;
	struct err err = { 0 };
	cJSON *header;
	int rc, status;

	session = session_new(&recording->config, &recording->hooks, &err);
	if (!session) {
		free(result);
		return complain(&err);
	}
	recording->writer = trace_writer_open(recording->path, 0, &err);
	if (!recording->writer) {
		session_free(session);
		free(result);
		return complain(&err);
	}
	header = header_new(session, "record", env->all, env->count);
	redact_header(recording->redact, header);
	pack_header(recording->pack, session_elf(session), target_path(session_target(session)),
		    header);
	rc = trace_writer_header(recording->writer, header);
	cJSON_Delete(header);
	if (rc) {
		/* Before the program has done anything. */
		trace_writer_close(recording->writer, &err);
		session_free(session);
		free(result);
		return complain(&err);
	}
	recording->sink = trace_sink_new(recording->writer);
	trace_sink_pack(recording->sink, recording->pack);
	trace_sink_redact(recording->sink, recording->redact);
	trace_sink_listen(recording->sink, on_runtime_note, recording);
	recording->flushed = now();
	rc = session_run(session, &trace_sink_table, recording->sink, result, &err);
	/*
	 * The rest of the trace is still to be written: no room for it is an error, not our death.
	 */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (rc && !target_pid(session_target(session))) {
		/* It never ran: a trace without a run is of no use. */
		trace_writer_close(recording->writer, NULL);
		unlink(recording->path);
		status = complain(&err);
	} else {
		status = finish(recording, result, rc, &err);
	}
	trace_sink_free(recording->sink);
	session_free(session);
	free(result);
	return status;
}

int cmd_record(const struct command *command, int argc, char **argv)
{
	struct recording recording = { 0 };
	int status = options_parse(&recording.options, command, argc, argv);

	if (status >= 0)
		return status;
	status = configure(&recording, command);
	if (status < 0)
		status = record(&recording);
	redact_free(recording.redact);
	pack_free(recording.pack);
	options_fini(&recording.options);
	return status;
}
