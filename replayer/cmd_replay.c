/*
 * frontrun replay: runs the program of a trace again with the same interleaving, and says whether
 * it was. What the user gives and gets; the run itself is replay.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/trace_reader.h"
#include "recorder/alloc.h"
#include "recorder/commands.h"
#include "recorder/fields.h"
#include "recorder/header.h"
#include "recorder/options.h"
#include "recorder/story.h"
#include "recorder/traceback.h"
#include "replayer/circumstances.h"
#include "replayer/debugger.h"
#include "replayer/elsewhere.h"
#include "replayer/elsewhere_text.h"
#include "replayer/interpreter.h"
#include "replayer/replay.h"
#include "replayer/replay_text.h"
#include "replayer/trace_file.h"
#include "replayer/unpack.h"

enum { NOTES_SHOWN = 5 };

struct command_state {
	struct options options;
	struct trace_file file;
	struct replay_config config;
	struct replay_report report; /* of the last run */
	struct debugger_stop stop;
	struct debugger_config debugger_config;
	struct debugger *debugger;
	char *shown; /* the trace as the user knows it */
	char *output, *write_dir;
	/* Versions of the interpreter; `elsewhere`: they differ, or it is another command. */
	char recorded[INTERPRETER_VERSION], now[INTERPRETER_VERSION];
	bool elsewhere;
	char **argv;     /* another command; NULL: the recorded one */
	char **replaced; /* what of it is ours */
	uint64_t total;
	bool verbose, warned, gaps_shown;
	unsigned notes;
};

static int complain(const struct err *err)
{
	fprintf(stderr, "frontrun: %s\n", err->text);
	return EXIT_REPLAY_ERROR;
}

static void warn(void *self, bool minor, const char *sentence)
{
	struct command_state *state = self;

	if (!minor || state->verbose)
		fprintf(stderr, "frontrun: warning: %s\n", sentence);
}

static void on_ready(void *self, struct session *session)
{
	struct command_state *state = self;

	if (state->warned)
		return;
	state->warned = true;
	circumstances_process(state->file.header, state->config.hermetic, warn, state);
	circumstances_streams(state->file.header, true, warn, state);
	circumstances_files(state->file.header, state->file.names, session_elf(session), warn,
			    state);
}

static void on_gap(void *self, const char *sentence)
{
	struct command_state *state = self;

	if (!state->gaps_shown && (state->verbose || !header_is_ours(state->file.header)))
		fprintf(stderr, "frontrun: warning: not everything is confined here: %s\n",
			sentence);
}

static void suggest(void *self, bool minor, const char *sentence)
{
	(void)self;
	(void)minor;
	fprintf(stderr, "frontrun:   perhaps because %s\n", sentence);
}

static void on_note(void *self, const char *kind, const char *said)
{
	struct command_state *state = self;
	char space[1024];
	struct text text;

	if (!state->verbose && (strcmp(kind, "info") == 0 || ++state->notes > NOTES_SHOWN))
		return;
	text_init(&text, space, sizeof(space));
	text_add_clean(&text, said);
	fprintf(stderr, "frontrun: %s: %s\n", kind, text.data);
}

/* Enter on the terminal; the target shares our standard input. */
static void wait_for_enter(void)
{
	FILE *terminal = fopen("/dev/tty", "re");
	int byte;

	if (!terminal)
		return;
	do
		byte = fgetc(terminal);
	while (byte != '\n' && byte != EOF);
	fclose(terminal);
}

static int32_t on_paused(void *self, struct session *session)
{
	struct command_state *state = self;
	bool gdb = options_given(&state->options, OPTION_GDB) ||
		   options_given(&state->options, OPTION_GDB_COMMAND);
	struct err err = { 0 };

	fprintf(stderr, "frontrun: process %d stands before event %llu: %s\n",
		(int)target_pid(session_target(session)), (unsigned long long)state->stop.number,
		state->stop.place);
	if (!gdb) {
		fprintf(stderr, "frontrun: Enter goes on\n");
		wait_for_enter();
		return 0;
	}
	state->debugger = debugger_attach(&state->debugger_config, session, &err);
	if (!state->debugger) {
		fprintf(stderr, "frontrun: %s\n", err.text);
		session_kill(session);
	}
	return 0;
}

/* The device file can be accessed without a terminal, but not opened. */
static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* --stop-at and --gdb. Returns -1, or the exit status. */
static int configure_stop(struct command_state *state)
{
	const struct options *options = &state->options;
	const struct option_value *commands = &options->value[OPTION_GDB_COMMAND];
	bool gdb = options_given(options, OPTION_GDB) || commands->count;
	uint64_t wanted = options_count(options, OPTION_STOP_AT, UINT64_MAX);
	struct err err = { 0 };

	if (!gdb && !options_given(options, OPTION_STOP_AT))
		return -1;
	if (!gdb && !has_terminal())
		return options_usage_error(options->command, "--stop-at waits for Enter on a "
							     "terminal, and there is "
							     "none: use --gdb-command as well");
	if (debugger_find_stop(&state->file, wanted, &state->stop, &err) < 0)
		return complain(&err);
	if (options_given(options, OPTION_STOP_AT) && state->stop.number != wanted)
		fprintf(stderr,
			"frontrun: event %llu is no scheduling point: stopping before event %llu\n",
			(unsigned long long)wanted, (unsigned long long)state->stop.number);
	state->config.stop = &state->stop.plan;
	state->config.paused = on_paused;
	state->debugger_config = (struct debugger_config){
		.commands = commands->all,
		.count = commands->count,
		.naming = state->file.naming,
		.lane = state->stop.plan.lane,
		/* A crash is seen best where it happens: gdb itself stops there. */
		.go_on = !options_given(options, OPTION_STOP_AT) &&
			 story_verdict(state->file.outcome) == VERDICT_SIGNAL,
	};
	return -1;
}

/* The output's path, however the working directory changes. */
static char *absolute(const char *path)
{
	char *directory, *joined;

	if (*path == '/')
		return alloc_check(strdup(path));
	directory = alloc_check(getcwd(NULL, 0));
	if (asprintf(&joined, "%s/%s", directory, path) < 0)
		joined = NULL;
	free(directory);
	return alloc_check(joined);
}

/* The program is run where it was recorded, with relative names as they were. */
static void enter_directory(struct command_state *state)
{
	size_t size;
	char *directory = fields_bytes(state->file.header, "cwd", &size);
	char space[PATH_MAX + 64];
	struct text text;
	int error;

	if (directory && *directory && chdir(directory) != 0 && !state->config.hermetic) {
		error = errno;
		text_init(&text, space, sizeof(space));
		text_add_clean(&text, directory);
		fprintf(stderr, "frontrun: warning: cannot go to %s, where it was recorded: %s\n",
			text.data, strerror(error));
	}
	free(directory);
}

static void announce(const struct command_state *state)
{
	char **given = state->argv;
	const cJSON *argv = given ? NULL : fields_array(state->file.header, "argv"), *word;
	char space[2048];
	struct text text;

	text_init(&text, space, sizeof(space));
	text_add_clean(&text, state->shown);
	text_add(&text, ":");
	for (; given && *given; given++) {
		text_add(&text, " ");
		text_add_clean(&text, *given);
	}
	cJSON_ArrayForEach (word, argv) {
		text_add(&text, " ");
		fields_add_clean(&text, word);
	}
	fprintf(stderr, "frontrun: replaying %s\n", text.data);
}

/*
 * Is it replayed under another interpreter than it was recorded with? Because the user says so, or
 * because another one stands there now. Returns -1, or the exit status.
 */
static int find_interpreter(struct command_state *state)
{
	static const enum option_id refused[] = { OPTION_STOP_AT, OPTION_GDB, OPTION_GDB_COMMAND,
						  OPTION_WRITE_DIR, OPTION_FOLLOW };
	const struct options *options = &state->options;
	const char *python = options_string(options, OPTION_PYTHON_REPLAY, NULL);
	struct err err = { 0 };
	char *named;
	unsigned i;

	interpreter_recorded(state->file.names, state->recorded);
	if ((options->program || python) && !*state->recorded)
		return options_usage_error(options->command,
					   "another command than the recorded one is for "
					   "recordings of Python programs");
	if (options->program && python)
		return options_usage_error(options->command,
					   "--python is for the recorded command, not for another");
	if (python) {
		named = strchr(python, '/') ? absolute(python) : alloc_check(strdup(python));
		state->argv = state->replaced =
			interpreter_command(state->file.header, named, &err);
		free(named);
		if (!state->argv)
			return complain(&err);
	} else if (options->program) {
		state->argv = options->program;
	}
	if (state->argv)
		interpreter_of(state->argv[0], getenv("PATH"), state->now);
	else if (*state->recorded && !unpack_is_packed(state->file.header) &&
		 !options_given(options, OPTION_FOLLOW))
		interpreter_of_recording(state->file.header, state->now);
	state->elsewhere = state->argv || (*state->now && strcmp(state->now, state->recorded) != 0);
	for (i = 0; state->elsewhere && i < sizeof(refused) / sizeof(*refused); i++)
		if (options_given(options, refused[i]))
			return options_usage_error(
				options->command,
				"a replay under another interpreter is another run: --follow, "
				"--write-dir and the debugger are for the recorded one (Python %s)",
				state->recorded);
	return -1;
}

/* Returns -1, or the exit status. */
static int configure(struct command_state *state)
{
	const struct options *options = &state->options;
	const char *output = options_string(options, OPTION_OUTPUT, NULL);
	struct err err = { 0 };
	int64_t total;
	int status;

	if (options->n_words > 1)
		return options_usage_error(options->command, "one trace at a time, not also \"%s\"",
					   options->words[1]);
	if (trace_file_open(&state->file, options->words[0], &err) < 0)
		return complain(&err);
	state->shown = state->file.path;
	state->file.path = realpath(state->shown, NULL);
	if (!state->file.path)
		state->file.path = absolute(state->shown);
	total = trace_reader_total_events(state->file.reader, &err);
	state->total = total > 0 ? (uint64_t)total : 0;
	status = find_interpreter(state);
	if (status >= 0)
		return status;
	state->config.hermetic = !state->elsewhere && trace_file_is_hermetic(&state->file) &&
				 !options_given(options, OPTION_LIVE) &&
				 !options_given(options, OPTION_FOLLOW);
	if (!state->config.hermetic && !header_is_ours(state->file.header) &&
	    !options_given(options, OPTION_TRUST)) {
		fprintf(stderr,
			"frontrun: %s was recorded by another user or on another machine, and "
			"replay runs its command: look at it with `frontrun info`, then use "
			"--trust\n",
			state->shown);
		return EXIT_REPLAY_ERROR;
	}
	if (options_given(options, OPTION_WRITE_DIR)) {
		if (!state->config.hermetic)
			return options_usage_error(
				options->command, "--write-dir needs a replay without the outside: "
						  "a trace that holds what came in, and neither "
						  "--live nor --follow");
		state->write_dir = absolute(options_string(options, OPTION_WRITE_DIR, NULL));
		state->config.write_dir = state->write_dir;
	}
	status = configure_stop(state);
	if (status >= 0)
		return status;
	state->output = output ? absolute(output) : NULL;
	state->verbose = options_given(options, OPTION_VERBOSE);
	state->config.file = &state->file;
	state->config.follow = options_given(options, OPTION_FOLLOW);
	state->config.output = state->output;
	state->config.time_limit = options_seconds(options, OPTION_TIME_LIMIT, 0);
	state->config.self = state;
	state->config.ready = on_ready;
	state->config.note = on_note;
	state->config.gap = on_gap;
	return -1;
}

static void tell_story(const struct command_state *state)
{
	char *text = replay_text_story(&state->file, state->verbose);

	text_print_lines(stderr, "frontrun: ", text);
	free(text);
}

/* The recording failed by an exception in a thread, of which the exit status may say nothing. */
static bool has_exception(const struct command_state *state)
{
	const struct session_result *result = &state->report.result;
	const cJSON *finding = fields_object(state->file.outcome, "finding");
	struct traceback traceback;

	return strcmp(fields_string(finding, "kind", ""), "exception") == 0 &&
	       traceback_find(&traceback, result->stderr_tail, result->stderr_length) &&
	       traceback.in_thread;
}

/* --exit-status: as a shell has it. */
static int status_of_program(const struct session_result *result)
{
	if (result->verdict == VERDICT_EXIT)
		return result->status;
	return result->verdict == VERDICT_SIGNAL ? 128 + result->status : EXIT_RECORD_FAILURE;
}

/* The exit status that one run stands for. */
static int judge(const struct command_state *state)
{
	const struct replay_report *report = &state->report;
	const struct session_result *result = &report->result;
	bool failed = result->verdict == VERDICT_EXIT ? result->status != 0 || has_exception(state)
						      : result->verdict != VERDICT_NONE;

	if (result->interrupted)
		return 128 + result->interrupted;
	/* A limit or a signal ended the recording, and we the replay at the same place. */
	if (report->stopped)
		return fields_int(state->file.outcome, "interrupted", 0) ? EXIT_REPLAY_ERROR
									 : EXIT_REPLAY_SAME;
	if (result->boot != BOOT_OK || result->verdict == VERDICT_CONTROL_LOST ||
	    result->verdict == VERDICT_NONE || result->time_limit)
		return EXIT_REPLAY_ERROR;
	if (!replay_is_identical(report) &&
	    (!state->config.follow || report->difference.kind == VERIFY_SAME))
		return EXIT_REPLAY_ERROR;
	if (options_given(&state->options, OPTION_EXIT_STATUS))
		return status_of_program(result);
	/* The same run: what was found wrong with it then is so again. */
	if (!failed && replay_is_identical(report) && !report->stopped &&
	    story_judged_afterwards(state->file.outcome))
		return EXIT_REPLAY_SAME;
	if (!failed)
		return EXIT_REPLAY_PASSED;
	return strcmp(report->recorded, report->got) == 0 ? EXIT_REPLAY_SAME : EXIT_REPLAY_OTHER;
}

static void print_boot_failure(const struct session_result *result)
{
	static const char *const rows[BOOT_COUNT][2] = {
#define BOOT(symbol, sentence, remedy) [BOOT_##symbol] = { sentence, remedy },
#include "formats/boot.def"
#undef BOOT
	};

	fprintf(stderr, "frontrun: %s: %s\n", rows[result->boot][0], rows[result->boot][1]);
}

/* One run. Returns its exit status. */
static int run_once(struct command_state *state)
{
	const struct session_result *result = &state->report.result;
	struct err err = { 0 };
	int status, rc = replay_run(&state->config, &state->report, &err);

	state->gaps_shown = true;
	debugger_wait(state->debugger);
	state->debugger = NULL;
	if (rc < 0)
		return complain(&err);
	if (result->boot != BOOT_OK) {
		print_boot_failure(result);
		return EXIT_REPLAY_ERROR;
	}
	status = judge(state);
	replay_text_print(&state->config, &state->report, state->total, stderr);
	if (state->report.difference.kind != VERIFY_SAME &&
	    state->report.difference.kind != VERIFY_CUT && !state->verbose) {
		if (!state->config.hermetic)
			circumstances_streams(state->file.header, false, suggest, state);
		circumstances_beside(state->file.reader, suggest, state);
		if (fields_int(state->file.outcome, "live", 0))
			suggest(state, false, "something ran beside it that no trace holds");
	}
	if (!state->report.stopped && strcmp(state->report.recorded, state->report.got) == 0 &&
	    result->verdict != VERDICT_EXIT && replay_is_identical(&state->report))
		tell_story(state);
	return status;
}

/* --count: the first run that is not identical decides, else the last. */
static int run_all(struct command_state *state, struct replay_totals *totals)
{
	uint64_t wanted = options_count(&state->options, OPTION_REPEAT, 1);
	off_t input = lseek(STDIN_FILENO, 0, SEEK_CUR);
	int status = EXIT_REPLAY_PASSED, decided = -1;

	do {
		if (totals->runs && input >= 0)
			lseek(STDIN_FILENO, input, SEEK_SET);
		status = run_once(state);
		totals->runs++;
		if (status != EXIT_REPLAY_ERROR && replay_is_identical(&state->report))
			totals->same++;
		else if (decided < 0)
			decided = status;
	} while (totals->runs < wanted && !state->report.result.interrupted);
	if (wanted > 1)
		replay_text_count(totals->same, totals->runs, stderr);
	return decided < 0 ? status : decided;
}

/* The exit status that one run under another interpreter stands for. */
static int judge_elsewhere(const struct command_state *state, const struct elsewhere_report *report)
{
	const struct session_result *result = &report->result;

	if (result->interrupted)
		return 128 + result->interrupted;
	if (result->boot != BOOT_OK || result->verdict == VERDICT_CONTROL_LOST ||
	    (result->verdict == VERDICT_NONE && !report->same))
		return EXIT_REPLAY_ERROR;
	if (!report->same && (*report->missing || report->untold || result->time_limit))
		return EXIT_REPLAY_ERROR;
	if (options_given(&state->options, OPTION_EXIT_STATUS))
		return status_of_program(result);
	return report->same     ? EXIT_REPLAY_SAME
	       : report->failed ? EXIT_REPLAY_OTHER
				: EXIT_REPLAY_PASSED;
}

/* Under another interpreter: the order is found once, and then run as often as is wanted. */
static int run_elsewhere(struct command_state *state)
{
	uint64_t wanted = options_count(&state->options, OPTION_REPEAT, 1), runs = 0, same = 0;
	const struct elsewhere_config config = {
		.file = &state->file,
		.argv = state->argv,
		.output = state->output,
		.time_limit = state->config.time_limit,
		.note = on_note,
		.self = state,
	};
	struct elsewhere_report *report = alloc_check(calloc(1, sizeof(*report)));
	struct err err = { 0 };
	struct elsewhere *elsewhere;
	int status = EXIT_REPLAY_ERROR;

	elsewhere_text_begin(state->recorded, state->now, stderr);
	elsewhere = elsewhere_new(&config, &err);
	if (!elsewhere)
		complain(&err);
	while (elsewhere && runs < wanted && !report->result.interrupted) {
		free(report->story);
		if (elsewhere_run(elsewhere, report, &err) < 0) {
			status = complain(&err);
			break;
		}
		if (report->result.boot != BOOT_OK && !report->result.interrupted)
			print_boot_failure(&report->result);
		else
			elsewhere_text_print(report, stderr);
		status = judge_elsewhere(state, report);
		same += report->same;
		runs++;
	}
	if (options_given(&state->options, OPTION_JSON))
		elsewhere_text_json(&state->file, report, runs, same, status, stdout);
	elsewhere_free(elsewhere);
	free(report->story);
	free(report);
	return status;
}

int cmd_replay(const struct command *command, int argc, char **argv)
{
	struct command_state *state = alloc_check(calloc(1, sizeof(*state)));
	struct replay_totals totals = { 0 };
	int status = options_parse(&state->options, command, argc, argv);

	if (status >= 0) {
		free(state);
		return status;
	}
	status = configure(state);
	if (status < 0 && state->elsewhere) {
		announce(state);
		/* A command is meant as it would be typed here. */
		if (!state->options.program)
			enter_directory(state);
		status = run_elsewhere(state);
	} else if (status < 0) {
		announce(state);
		enter_directory(state);
		status = run_all(state, &totals);
		totals.events = state->total;
		totals.exit_status = status;
		if (options_given(&state->options, OPTION_JSON))
			replay_text_json(&state->config, &state->report, &totals, stdout);
	}
	trace_file_close(&state->file);
	if (state->shown)
		free(state->shown);
	header_free_words(state->replaced);
	free(state->output);
	free(state->write_dir);
	options_fini(&state->options);
	free(state);
	return status;
}
