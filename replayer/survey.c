/*
 * See survey.h.
 */
#include "replayer/survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/trace_writer.h"
#include "recorder/alloc.h"
#include "recorder/fields.h"
#include "recorder/header.h"
#include "recorder/outcome.h"
#include "recorder/redact.h"
#include "recorder/sandbox.h"
#include "recorder/strategy_parameters.h"
#include "recorder/trace_sink.h"

/* Real seconds without an operation before the running thread is interrupted, as in record. */
#define PREEMPT_AFTER 2.0

struct running {
	const struct survey_config *config;
	struct survey *survey;
	struct session_config session_config;
	struct session_hooks hooks;
	struct plan_prefix *loose;
	struct session_section section;
	char **argv, **envp;
	char *patterns;
	struct redact *redact;
	struct sandbox_config sandbox_config;
	struct sandbox *sandbox; /* as the search had it; NULL: it was a recording */
	struct session *session;
	struct trace_writer *writer;
	struct trace_sink *sink;
	uint32_t in_slot[REGION_LANES]; /* the lane that a bit of an offer stands for */
	uint64_t events;
};

/* All but what is looked at here goes to the trace as it is. */
#define PASS(member)                                                                              \
	static int on_##member(void *self, const struct record_##member *record, struct err *err) \
	{                                                                                         \
		struct running *running = self;                                                   \
                                                                                                  \
		return trace_sink_table.member                                                    \
			       ? trace_sink_table.member(running->sink, record, err)              \
			       : 0;                                                               \
	}

PASS(object)
PASS(context)
PASS(module)
PASS(note)
PASS(code)
PASS(text)
PASS(race)
PASS(answer)

static int on_event(void *self, const struct record_event *record, struct err *err)
{
	struct running *running = self;

	running->events++;
	return trace_sink_table.event(running->sink, record, err);
}

static int on_lane(void *self, const struct record_lane *record, struct err *err)
{
	struct running *running = self;

	if (record->slot < REGION_LANES)
		running->in_slot[record->slot] = record->number;
	return trace_sink_table.lane(running->sink, record, err);
}

/* `lanes` becomes the survey's. */
static void add_choice(struct running *running, uint32_t kind, uint32_t lane, uint64_t k,
		       int64_t chosen, uint32_t *lanes, uint32_t n_lanes)
{
	struct survey *survey = running->survey;

	survey->choices = alloc_grow(survey->choices, survey->count, sizeof(*survey->choices));
	survey->choices[survey->count++] = (struct retrace_choice){
		.at = running->events,
		.k = k,
		.lane = lane,
		.kind = kind,
		.chosen = chosen,
		.lanes = lanes,
		.n_lanes = n_lanes,
	};
}

static int on_decision(void *self, const struct record_decision *record, struct err *err)
{
	struct running *running = self;
	size_t bytes = record->option_count * sizeof(uint32_t);
	uint32_t *lanes = alloc_check(malloc(bytes + 1));

	if (bytes)
		memcpy(lanes, record + 1, bytes);
	add_choice(running, record->kind, record->lane, record->k, record->choice, lanes,
		   record->option_count);
	return trace_sink_table.decision(running->sink, record, err);
}

/* The default was taken: the lane goes on, or what needs not be written down. */
static int on_offer(void *self, const struct record_offer *record, struct err *err)
{
	struct running *running = self;
	uint32_t *lanes = alloc_check(malloc((size_t)record->words * 64 * sizeof(*lanes) + 1));
	uint32_t count = 0, slot;

	(void)err;
	for (slot = 0; slot < record->words * 64u && slot < REGION_LANES; slot++)
		if (record->set[slot / 64] >> (slot % 64) & 1 && running->in_slot[slot])
			lanes[count++] = running->in_slot[slot];
	add_choice(running, record->kind, record->lane, record->k,
		   record->kind == DECISION_PICK ? (int64_t)record->lane : 0, lanes, count);
	return 0;
}

static const struct drain_sink sink_table = {
	.event = on_event,
	.decision = on_decision,
	.lane = on_lane,
	.object = on_object,
	.context = on_context,
	.module = on_module,
	.note = on_note,
	.offer = on_offer,
	.code = on_code,
	.text = on_text,
	.race = on_race,
	.answer = on_answer,
};

static void on_remark(void *self, const char *kind, const char *text)
{
	const struct survey_config *config = ((struct running *)self)->config;

	if (config->note)
		config->note(config->self, kind, text);
}

static void set_plan(struct running *running)
{
	const struct survey_config *config = running->config;
	struct session_config *session = &running->session_config;
	size_t bytes = config->forced_count * sizeof(*config->forced);

	if (!config->input)
		session->run.flags &= ~(uint32_t)PLAN_RUN_KEEP_ANSWERS;
	if (config->choices)
		session->run.flags |= PLAN_RUN_EXPLORE;
	/* Who goes on where nothing is forced: as a search has it behind its decisions. */
	session->strategy = (struct plan_strategy){ .id = STRATEGY_PB };
	strategy_parameter_set(&session->strategy, "bound", 5, 0);
	running->loose = alloc_check(calloc(1, sizeof(*running->loose) + bytes));
	running->loose->count = config->forced_count;
	if (bytes)
		memcpy(running->loose->decisions, config->forced, bytes);
	running->section = (struct session_section){ PLAN_LOOSE, running->loose,
						     (uint32_t)(sizeof(*running->loose) + bytes) };
	session->sections = &running->section;
	session->section_count = 1;
}

/* The variable as it is now, not as it was recorded. */
static void take_present(struct running *running, const char *name)
{
	const char *value = getenv(name);
	char **envp = running->envp;
	size_t length = strlen(name), n, at;

	for (n = 0; envp[n]; n++)
		;
	for (at = 0; at < n && (strncmp(envp[at], name, length) || envp[at][length] != '='); at++)
		;
	if (at < n) {
		free(envp[at]);
		envp[at] = envp[--n];
		envp[n] = NULL;
	}
	if (!value)
		return;
	running->envp = envp = alloc_check(reallocarray(envp, n + 2, sizeof(*envp)));
	if (asprintf(&envp[n], "%s=%s", name, value) < 0)
		envp[n] = NULL;
	alloc_check(envp[n]);
	envp[n + 1] = NULL;
}

/* What of the environment leads to an interpreter and its libraries goes with the command. */
static void set_environment(struct running *running)
{
	running->envp = header_environment(running->config->file->header);
	if (!running->config->argv)
		return;
	take_present(running, "PATH");
	take_present(running, "PYTHONPATH");
	take_present(running, "PYTHONHOME");
}

static int enter_sandbox(struct running *running, const cJSON *given, struct err *err)
{
	struct session_config *session = &running->session_config;

	running->sandbox_config.scratch = fields_bool(given, "scratch", false);
	running->sandbox_config.envp = running->envp;
	running->sandbox = sandbox_new(&running->sandbox_config, 0, err);
	if (!running->sandbox)
		return -err->code;
	session->target.envp = sandbox_environment(running->sandbox);
	session->target.directory = sandbox_directory(running->sandbox);
	return sandbox_prepare(running->sandbox, err);
}

static int prepare(struct running *running, struct err *err)
{
	const struct survey_config *config = running->config;
	const cJSON *header = config->file->header, *sandbox = fields_object(header, "sandbox");
	struct session_config *session = &running->session_config;
	int rc = header_plan(header, &session->run, &session->strategy, err);

	if (rc)
		return rc;
	set_plan(running);
	running->patterns = header_patterns(header, &session->code_patterns_length);
	session->code_patterns = running->patterns;
	session->no_trap = !fields_bool(header, "trap", true);
	session->time_limit = config->time_limit;
	session->hang_after = config->hang_after;
	session->preempt_after = PREEMPT_AFTER;
	session->target.keep_addresses = !fields_bool(header, "addresses_fixed", true);
	set_environment(running);
	session->target.envp = running->envp;
	session->target.argv = config->argv;
	if (!config->argv) {
		running->argv = header_argv(header, err);
		if (!running->argv)
			return -err->code;
		session->target.argv = running->argv;
	}
	if (config->stdio) {
		session->target.redirect = true;
		memcpy(session->target.stdio, config->stdio, sizeof(session->target.stdio));
	}
	session->signals_elsewhere = session->target.own_group = config->interrupted != NULL;
	session->interrupted = config->interrupted;
	session->interrupted_self = config->self;
	rc = sandbox ? enter_sandbox(running, sandbox, err) : 0;
	if (rc)
		return rc;
	running->redact = redact_of_header(header);
	running->hooks = (struct session_hooks){ .self = running, .note = on_remark };
	running->session = session_new(session, &running->hooks, err);
	return running->session ? 0 : -err->code;
}

static const char *temporary_directory(char *const *envp)
{
	for (; envp && *envp; envp++)
		if (!strncmp(*envp, "TMPDIR=", 7))
			return *envp + 7;
	return "/tmp";
}

/* So that a replay of what is written here finds the same directories. */
static cJSON *header(struct running *running)
{
	cJSON *object = header_new(running->session, "replay", NULL, 0), *sandbox;

	if (running->sandbox) {
		sandbox = cJSON_AddObjectToObject(object, "sandbox");
		cJSON_AddBoolToObject(sandbox, "scratch", running->sandbox_config.scratch);
		cJSON_AddStringToObject(sandbox, "tmpdir",
					temporary_directory(running->session_config.target.envp));
	}
	redact_header(running->redact, object);
	return object;
}

static int run(struct running *running, struct err *err)
{
	struct session_result *result = &running->survey->result;
	cJSON *object;
	int rc;

	running->writer = trace_writer_open(running->config->path, 0, err);
	if (!running->writer)
		return -err->code;
	object = header(running);
	trace_writer_header(running->writer, object); /* an error of it comes back at the end */
	cJSON_Delete(object);
	running->sink = trace_sink_new(running->writer);
	trace_sink_redact(running->sink, running->redact);
	rc = session_run(running->session, &sink_table, running, result, err);
	if (rc == 0) {
		object = outcome_new(result, running->sink);
		redact_outcome(running->redact, object);
		trace_writer_outcome(running->writer, outcome_word(result->verdict), object);
		cJSON_Delete(object);
	}
	if (trace_writer_close(running->writer, rc ? NULL : err) && rc == 0)
		rc = -err->code;
	return rc;
}

int survey_run(const struct survey_config *config, struct survey *survey, struct err *err)
{
	struct running *running = alloc_check(calloc(1, sizeof(*running)));
	int rc;

	running->config = config;
	running->survey = survey;
	rc = prepare(running, err);
	if (rc == 0)
		rc = run(running, err);
	trace_sink_free(running->sink);
	redact_free(running->redact);
	session_free(running->session);
	sandbox_free(running->sandbox);
	header_free_words(running->argv);
	header_free_words(running->envp);
	free(running->patterns);
	free(running->loose);
	free(running);
	return rc;
}

void survey_fini(struct survey *survey)
{
	uint32_t i;

	for (i = 0; i < survey->count; i++)
		free(survey->choices[i].lanes);
	free(survey->choices);
	survey->choices = NULL;
	survey->count = 0;
}
