/*
 * See finding.h.
 */
#include "fuzz/finding.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/trace_writer.h"
#include "recorder/alloc.h"
#include "recorder/header.h"
#include "recorder/outcome.h"
#include "recorder/text.h"
#include "recorder/trace_sink.h"
#include "recorder/traceback.h"
#include "replayer/replay.h"
#include "replayer/replay_text.h"
#include "replayer/trace_file.h"

struct script_list {
	const struct plan_decision *decisions;
	uint32_t count, served;
};

static uint32_t next_decisions(void *self, struct plan_decision *out, uint32_t max, bool *more)
{
	struct script_list *list = self;
	uint32_t left = list->count - list->served, n = left < max ? left : max;

	if (n)
		memcpy(out, list->decisions + list->served, n * sizeof(*out));
	list->served += n;
	*more = left > n;
	return n;
}

static cJSON *operation(uint32_t lane, uint64_t k)
{
	cJSON *object = alloc_check(cJSON_CreateObject());

	cJSON_AddNumberToObject(object, "lane", lane);
	cJSON_AddNumberToObject(object, "k", (double)k);
	return object;
}

/* What is looked at only when the run has come to its end by itself. */
static bool judged_afterwards(enum failure_kind kind)
{
	return kind == FAILURE_CHECK || kind == FAILURE_OUTPUT || kind == FAILURE_EXCEPTION;
}

/* What explain tells of the search, see replayer/story_events.h. */
static cJSON *finding_json(const struct finding_config *config, const struct finding *finding)
{
	cJSON *object = alloc_check(cJSON_CreateObject()), *pair;
	char text[24];

	cJSON_AddStringToObject(object, "kind", verdict_word(finding->verdict.kind));
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)finding->verdict.fingerprint);
	cJSON_AddStringToObject(object, "fingerprint", text);
	/* The exception says more than that there was one. */
	if (judged_afterwards(finding->verdict.kind))
		cJSON_AddStringToObject(object, "judged",
					finding->verdict.kind == FAILURE_EXCEPTION
						? finding->verdict.message
						: finding->words);
	cJSON_AddNumberToObject(object, "schedule", (double)finding->schedule);
	if (finding->gil)
		cJSON_AddStringToObject(object, "gil", finding->gil);
	if (config->of)
		cJSON_AddNumberToObject(object, "of", (double)config->of);
	cJSON_AddNumberToObject(object, "seconds", (double)(int64_t)(finding->seconds * 1e3) / 1e3);
	cJSON_AddStringToObject(object, "origin", finding->origin);
	if (finding->runs) {
		cJSON_AddNumberToObject(object, "confirmed", finding->confirmed);
		cJSON_AddNumberToObject(object, "runs", finding->runs);
	}
	if (finding->minimised) {
		cJSON_AddNumberToObject(object, "preemptions", finding->preemptions);
		cJSON_AddNumberToObject(object, "decisions", finding->decisions);
		cJSON_AddNumberToObject(object, "decisions_before",
					(double)finding->decisions_before);
	}
	if (finding->first.lane && finding->second.lane) {
		pair = cJSON_AddObjectToObject(object, "pair");
		cJSON_AddItemToObject(pair, "first",
				      operation(finding->first.lane, finding->first.k));
		cJSON_AddItemToObject(pair, "second",
				      operation(finding->second.lane, finding->second.k));
	}
	return object;
}

static const char *temporary_directory(struct session *session)
{
	char *const *variable = session_config(session)->target.envp;

	for (; variable && *variable; variable++)
		if (!strncmp(*variable, "TMPDIR=", 7))
			return *variable + 7;
	return "/tmp";
}

static cJSON *header(const struct finding_config *config, struct session *session)
{
	cJSON *object = header_new(session, "fuzz", config->environment, config->environment_count);
	cJSON *sandbox = cJSON_AddObjectToObject(object, "sandbox");

	cJSON_AddBoolToObject(sandbox, "scratch", config->sandbox->scratch);
	cJSON_AddStringToObject(sandbox, "tmpdir", temporary_directory(session));
	redact_header(config->redact, object);
	return object;
}

/* Files that swallow the output; `stdio` holds three descriptors. */
static int open_streams(int input, int stdio[3], struct err *err)
{
	lseek(input, 0, SEEK_SET);
	stdio[0] = input;
	stdio[1] = memfd_create("frontrun-output", MFD_CLOEXEC);
	stdio[2] = memfd_create("frontrun-errors", MFD_CLOEXEC);
	if (stdio[1] >= 0 && stdio[2] >= 0)
		return 0;
	return err_set(err, errno, "cannot capture the output of the program: %s", strerror(errno));
}

static void close_streams(int stdio[3])
{
	if (stdio[1] >= 0)
		close(stdio[1]);
	if (stdio[2] >= 0)
		close(stdio[2]);
}

/* The end of the trace: how the run ended, and what the search knows of it. */
static int write_outcome(const struct finding_config *config, const struct finding *finding,
			 struct trace_writer *writer, struct trace_sink *sink,
			 const struct session_result *result, bool passes)
{
	cJSON *outcome = outcome_new(result, sink);
	int rc;

	if (!passes)
		cJSON_AddItemToObject(outcome, "finding", finding_json(config, finding));
	redact_outcome(config->redact, outcome);
	rc = trace_writer_outcome(writer, outcome_word(result->verdict), outcome);
	cJSON_Delete(outcome);
	return rc;
}

/* What only --check or the output tells is believed. */
static bool shows_in_end(enum failure_kind kind)
{
	return kind != FAILURE_CHECK && kind != FAILURE_OUTPUT && kind != FAILURE_SANITIZER;
}

static bool has_exception(const struct session_result *result)
{
	struct traceback traceback;

	return result->verdict == VERDICT_EXIT && !result->time_limit &&
	       traceback_find(&traceback, result->stderr_tail, result->stderr_length) &&
	       traceback.in_thread;
}

/* The run failed as the finding says, as far as its end shows it. */
static bool is_same(const struct finding *finding, const struct session_result *result)
{
	switch (finding->verdict.kind) {
	case FAILURE_EXIT:
		return result->verdict == VERDICT_EXIT && result->status == finding->verdict.status;
	case FAILURE_SIGNAL:
		return result->verdict == VERDICT_SIGNAL &&
		       result->status == finding->verdict.status;
	case FAILURE_DEADLOCK:
		return result->verdict == VERDICT_DEADLOCK;
	case FAILURE_STUCK:
		return result->verdict == VERDICT_STUCK;
	case FAILURE_LOST:
		return result->verdict == VERDICT_LOST_THREAD;
	case FAILURE_LIVELOCK:
		return result->verdict == VERDICT_STEP_BUDGET;
	case FAILURE_HANG:
		return result->time_limit;
	case FAILURE_EXCEPTION:
		return has_exception(result);
	default:
		return true;
	}
}

/* `*too_long`: the time limit ended it. */
static int run_and_write(const struct finding_config *config, const struct finding *finding,
			 struct session *session, const char *path, enum finding_expected expected,
			 bool *too_long, struct err *err)
{
	struct session_result *result = alloc_check(malloc(sizeof(*result)));
	struct trace_writer *writer = trace_writer_open(path, 0, err);
	struct pack *pack = config->pack ? pack_new() : NULL;
	struct trace_sink *sink = NULL;
	cJSON *head;
	int rc;

	if (!writer) {
		pack_free(pack);
		free(result);
		return -err->code;
	}
	head = header(config, session);
	pack_header(pack, session_elf(session), target_path(session_target(session)), head);
	rc = trace_writer_header(writer, head);
	cJSON_Delete(head);
	if (rc == 0) {
		sink = trace_sink_new(writer);
		trace_sink_redact(sink, config->redact);
		trace_sink_pack(sink, pack);
		rc = session_run(session, &trace_sink_table, sink, result, err);
	} else {
		err_set(err, -rc, "cannot write %s: %s", path, strerror(-rc));
	}
	*too_long = rc == 0 && result->time_limit;
	if (rc == 0 && expected != FINDING_ANY && result->verdict != VERDICT_DIVERGED &&
	    shows_in_end(finding->verdict.kind) &&
	    is_same(finding, result) != (expected == FINDING_FAILS))
		rc = err_set(err, EAGAIN,
			     "in a fresh process the same decisions end with %s (status %d)",
			     outcome_word(result->verdict), result->status);
	if (rc == 0 && expected != FINDING_ANY && judged_afterwards(finding->verdict.kind) &&
	    (*too_long || result->verdict == VERDICT_SIGNAL))
		rc = err_set(err, EAGAIN, "in a fresh process the same decisions %s",
			     *too_long ? "do not come to an end in time" : "end with a signal");
	if (rc == 0 && result->verdict == VERDICT_DIVERGED)
		rc = err_set(err, EAGAIN, "in a fresh process the run takes another course: %s",
			     result->failure.text);
	if (rc == 0)
		rc = pack_write(pack, writer);
	if (rc == 0)
		rc = write_outcome(config, finding, writer, sink, result,
				   expected == FINDING_PASSES);
	trace_sink_free(sink);
	pack_free(pack);
	if (trace_writer_close(writer, rc ? NULL : err) && rc == 0)
		rc = -err->code;
	free(result);
	return rc;
}

static int record(const struct finding_config *config, const struct finding *finding,
		  const struct plan_decision *decisions, uint32_t count, const char *path,
		  enum finding_expected expected, bool *too_long, struct err *err)
{
	struct script_list list = { decisions, count, 0 };
	struct session_hooks hooks = { .self = &list, .decisions = next_decisions };
	struct session_config session_config = config->worker->session;
	struct sandbox *sandbox;
	struct session *session;
	int rc;

	sandbox = sandbox_new(config->sandbox, 0, err);
	if (!sandbox)
		return -err->code;
	session_config.target.envp = sandbox_environment(sandbox);
	session_config.target.directory = sandbox_directory(sandbox);
	session_config.target.own_group = session_config.target.redirect = true;
	session_config.run.flags |= PLAN_RUN_REPLAY;
	if (config->keep_input && !session_config.no_trap)
		session_config.run.flags |= PLAN_RUN_KEEP_ANSWERS;
	if (!finding->library)
		session_config.run.flags &= ~(uint32_t)PLAN_RUN_LIBRARY_LOCKS;
	if (finding->any_access)
		session_config.run.flags |= PLAN_RUN_ANY_ACCESS;
	session_config.run.step_budget = config->step_budget;
	session_config.used_limit = config->seconds;
	session_config.strategy = (struct plan_strategy){ .id = STRATEGY_SCRIPT };
	session_config.signals_elsewhere = true;
	session_config.interrupted = config->interrupted;
	session_config.interrupted_self = config->self;
	rc = sandbox_prepare(sandbox, err);
	if (rc == 0)
		rc = open_streams(config->input, session_config.target.stdio, err);
	if (rc == 0) {
		session = session_new(&session_config, &hooks, err);
		rc = session ? run_and_write(config, finding, session, path, expected, too_long,
					     err)
			     : -err->code;
		session_free(session);
		close_streams(session_config.target.stdio);
	}
	sandbox_free(sandbox);
	return rc;
}

int finding_record(const struct finding_config *config, const struct finding *finding,
		   const struct plan_decision *decisions, uint32_t count, const char *path,
		   enum finding_expected expected, struct err *err)
{
	bool too_long;

	return record(config, finding, decisions, count, path, expected, &too_long, err);
}

int finding_confirm_hang(const struct finding_config *config, struct finding *finding,
			 const struct plan_decision *decisions, uint32_t count, const char *path,
			 unsigned times, struct err *err)
{
	bool too_long = false;
	unsigned i;
	int rc = 0;

	finding->confirmed = finding->runs = 0;
	*finding->reason = '\0';
	for (i = 0; i < times && rc == 0; i++) {
		rc = record(config, finding, decisions, count, path, FINDING_ANY, &too_long, err);
		finding->runs += rc == 0;
		finding->confirmed += rc == 0 && too_long;
	}
	if (finding->confirmed < finding->runs)
		snprintf(finding->reason, sizeof(finding->reason),
			 "in a process of its own the run comes to its end in time");
	return rc;
}

/* "at event 12 ..." of the first replay that was another run. */
static void say_difference(struct finding *finding, const struct replay_report *report)
{
	const struct verify_difference *difference = &report->difference;
	struct text text;

	if (*finding->reason)
		return;
	text_init(&text, finding->reason, sizeof(finding->reason));
	if (difference->kind == VERIFY_SAME)
		text_addf(&text, "a replay ended with %s instead of %s", report->got,
			  report->recorded);
	else
		text_addf(&text, "a replay differs at event %llu: expected %s%s%s, got %s%s%s",
			  (unsigned long long)difference->number,
			  *difference->expected ? difference->expected : "nothing more",
			  *difference->expected_site ? " at " : "", difference->expected_site,
			  *difference->got ? difference->got : "the end",
			  *difference->got_site ? " at " : "", difference->got_site);
}

/* The command of --check, on a run that ended well. */
static bool check_fails(const struct finding_config *config, const int stdio[3])
{
	struct sandbox *sandbox;
	struct err err;
	int status = 0;

	sandbox = sandbox_new(config->sandbox, 0, &err);
	if (!sandbox)
		return false;
	if (sandbox_check(sandbox, stdio[1], stdio[2], &status, &err))
		status = 0;
	sandbox_free(sandbox);
	return status != 0;
}

int finding_confirm(const struct finding_config *config, struct finding *finding, const char *path,
		    unsigned times, struct err *err)
{
	struct replay_config replay = {
		.interrupted = config->interrupted,
		.self = config->self,
		.used_limit = config->seconds,
		.preempt_after = config->worker->session.preempt_after,
	};
	struct replay_report *report = alloc_check(malloc(sizeof(*report)));
	struct trace_file file;
	int rc = trace_file_open(&file, path, err);
	unsigned i;

	finding->confirmed = finding->runs = 0;
	*finding->reason = '\0';
	if (rc < 0) {
		free(report);
		return rc;
	}
	replay.file = &file;
	/* A check looks at what the program has really done. */
	replay.hermetic = trace_file_is_hermetic(&file) && !config->sandbox->check;
	for (i = 0; i < times && rc >= 0; i++) {
		int stdio[3];
		bool same;

		if (config->interrupted && config->interrupted(config->self))
			break;
		rc = open_streams(config->input, stdio, err);
		if (rc)
			break;
		replay.stdio = stdio;
		rc = replay_run(&replay, report, err);
		same = rc >= 0 && replay_is_identical(report) &&
		       strcmp(report->recorded, report->got) == 0;
		if (same && finding->verdict.kind == FAILURE_CHECK)
			same = check_fails(config, stdio);
		close_streams(stdio);
		if (rc < 0)
			break;
		finding->runs++;
		finding->confirmed += same;
		if (!same)
			say_difference(finding, report);
	}
	trace_file_close(&file);
	free(report);
	return rc < 0 ? rc : 0;
}

void finding_fini(struct finding *finding)
{
	free(finding->path);
	free(finding->passing);
	free(finding->pattern);
}
