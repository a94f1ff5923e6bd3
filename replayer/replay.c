/*
 * Puts together what a replay needs: plan from the header, script from the decisions, a sink that
 * compares and, if wanted, writes a trace of its own.
 */
#include "replayer/replay.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/trace_writer.h"
#include "recorder/alloc.h"
#include "recorder/confine.h"
#include "recorder/fields.h"
#include "recorder/header.h"
#include "recorder/outcome.h"
#include "recorder/redact.h"
#include "recorder/sandbox.h"
#include "recorder/story.h"
#include "recorder/trace_sink.h"
#include "recorder/tree.h"
#include "replayer/fingerprint.h"
#include "replayer/script.h"
#include "replayer/tape.h"
#include "replayer/unpack.h"

/* Real seconds without an operation before the running thread is interrupted, as in record. */
#define PREEMPT_AFTER 2.0

struct replay {
	const struct replay_config *config;
	struct session_config session_config;
	struct session_hooks hooks;
	char **argv, **envp;
	char *patterns; /* PLAN_CODE_PATTERNS */
	struct shared_sites sites;
	struct script *script;
	struct verify *verify;
	struct session *session;
	struct redact *redact;   /* as the recording was; NULL: it was not */
	struct tape *tape;       /* what the outside answered; NULL: it is asked again */
	struct unpack *unpack;   /* NULL: the trace has no files, or they are not used */
	struct confine *confine; /* NULL: not confined */
	struct target_inherited inherited;
	char *directory; /* in the place of the recorded one */
	char *written;   /* PLAN_WRITTEN, and the directory in the scratch directory */
	struct session_section sections[2];
	struct sandbox_config sandbox_config;
	struct sandbox *sandbox;     /* as the search had it; NULL: it was a recording */
	struct trace_writer *writer; /* NULL: no output */
	struct trace_sink *sink;
	uint64_t end; /* events of a recording that was ended from outside; else UINT64_MAX */
	bool stopped;
};

static uint32_t next_decisions(void *self, struct plan_decision *out, uint32_t max, bool *more)
{
	struct replay *replay = self;

	return script_next(replay->script, out, max, more);
}

static int32_t on_mailbox(void *self, struct session *session, const struct region_mailbox *request)
{
	const struct replay_config *config = ((struct replay *)self)->config;

	if (request->type != MAILBOX_PAUSED || !config->paused)
		return 0;
	return config->paused(config->self, session);
}

static void on_note(void *self, const char *kind, const char *text)
{
	struct replay *replay = self;

	if (replay->writer)
		trace_writer_note(replay->writer, kind, text);
	if (replay->config->note)
		replay->config->note(replay->config->self, kind, text);
}

/* Signals that nobody sends: a thread has earned them, even where it could not say so any more. */
static bool is_fault(int64_t number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE ||
	       number == SIGTRAP || number == SIGSYS || number == SIGABRT;
}

/* Nothing that is in the trace ended the recording: a limit, a signal from outside. */
static bool ended_outside(const cJSON *outcome)
{
	if (fields_bool(outcome, "time_limit", false) || fields_int(outcome, "interrupted", 0))
		return true;
	return story_verdict(outcome) == VERDICT_SIGNAL && !fields_number(outcome, "lane", 0) &&
	       !is_fault(fields_int(outcome, "status", 0));
}

/* A recording that was ended from outside ends where its events end: the program might never. */
static void on_tick(void *self, struct session *session)
{
	struct replay *replay = self;

	script_prefetch(replay->script);
	if (replay->tape)
		tape_feed(replay->tape);
	if (replay->stopped || verify_agreed(replay->verify) < replay->end)
		return;
	replay->stopped = true;
	session_kill(session);
}

/* Each record goes to the output first, so that the output holds the difference. */
#define BOTH(member)                                                                            \
	static int both_##member(void *self, const struct record_##member *record,              \
				 struct err *err)                                               \
	{                                                                                       \
		struct replay *replay = self;                                                   \
		int rc = replay->sink ? trace_sink_table.member(replay->sink, record, err) : 0; \
                                                                                                \
		return rc || !verify_sink.member                                                \
			       ? rc                                                             \
			       : verify_sink.member(replay->verify, record, err);               \
	}

BOTH(event)
BOTH(lane)
BOTH(object)
BOTH(context)
BOTH(module)
BOTH(code)
BOTH(text)

static int on_decision(void *self, const struct record_decision *record, struct err *err)
{
	struct replay *replay = self;

	return replay->sink ? trace_sink_table.decision(replay->sink, record, err) : 0;
}

static const char *note_word(uint32_t kind)
{
	return kind == NOTE_INEXACT        ? "inexact"
	       : kind == NOTE_LIVE         ? "live"
	       : kind == NOTE_UNCONTROLLED ? "uncontrolled"
					   : "info";
}

static int on_record_note(void *self, const struct record_note *record, struct err *err)
{
	struct replay *replay = self;

	if (replay->config->note)
		replay->config->note(replay->config->self, note_word(record->kind), record->text);
	return replay->sink ? trace_sink_table.note(replay->sink, record, err) : 0;
}

static const struct drain_sink sink_table = {
	.event = both_event,
	.decision = on_decision,
	.lane = both_lane,
	.object = both_object,
	.context = both_context,
	.module = both_module,
	.code = both_code,
	.text = both_text,
	.note = on_record_note,
};

/* The pid that the program had in the recording: its first thread says so when it starts. */
static uint32_t recorded_pid(struct trace_reader *reader)
{
	struct trace_line line;
	struct err err = { 0 };
	uint32_t pid = 0;

	trace_reader_filter(reader, TRACE_LINE_BIT(TRACE_LINE_EVENT));
	trace_reader_rewind(reader);
	if (trace_reader_next(reader, &line, &err) > 0 && line.event.kind == EVENT_THREAD_START &&
	    line.event.value.type == TRACE_VALUE_INT && line.event.value.number > 0 &&
	    line.event.value.number <= INT32_MAX / 2)
		pid = (uint32_t)line.event.value.number;
	trace_reader_filter(reader, TRACE_LINES_ALL);
	trace_reader_rewind(reader);
	return pid;
}

/*
 * Confined, with what the recording had of its parent. A directory that is not there any more, or
 * that a search had copied, is an empty one: what the program knows of it is in the trace.
 */
static int enter_confinement(struct replay *replay, struct err *err)
{
	const struct replay_config *config = replay->config;
	const cJSON *header = config->file->header;
	const char *sentence;
	size_t size;
	char *cwd;
	bool there;
	unsigned i;

	replay->confine = confine_new(CONFINE_ABI, err);
	if (!replay->confine)
		return -err->code;
	for (i = 0; config->gap && (sentence = confine_gap(replay->confine, i)); i++)
		config->gap(config->self, sentence);
	header_inherited(header, &replay->inherited);
	replay->session_config.target.confine = replay->confine;
	replay->session_config.target.inherited = &replay->inherited;
	cwd = fields_bytes(header, "cwd", &size);
	there = cwd && access(cwd, X_OK) == 0;
	free(cwd);
	if (there && !fields_bool(fields_object(header, "sandbox"), "scratch", false))
		return 0;
	alloc_check(asprintf(&replay->directory, "%s/directory", confine_scratch(replay->confine)) <
				    0
			    ? NULL
			    : replay->directory);
	if (mkdir(replay->directory, 0700))
		return err_set(err, errno, "cannot make %s: %s", replay->directory,
			       strerror(errno));
	replay->session_config.target.directory = replay->directory;
	return 0;
}

/* An empty TMPDIR, and the copy of the working directory if the search made one. */
static int enter_sandbox(struct replay *replay, struct err *err)
{
	const cJSON *given = fields_object(replay->config->file->header, "sandbox");

	replay->sandbox_config.scratch = fields_bool(given, "scratch", false);
	replay->sandbox_config.envp = replay->envp;
	replay->sandbox = sandbox_new(&replay->sandbox_config, 0, err);
	if (!replay->sandbox)
		return -err->code;
	replay->session_config.target.envp = sandbox_environment(replay->sandbox);
	replay->session_config.target.directory = sandbox_directory(replay->sandbox);
	return 0;
}

/* The name that TMPDIR had is in what the program does; the directory need not be there. */
static void set_temporary_directory(struct replay *replay)
{
	const cJSON *sandbox = fields_object(replay->config->file->header, "sandbox");
	const char *name = fields_string(sandbox, "tmpdir", NULL);
	size_t n = 0;

	if (!name)
		return;
	while (replay->envp[n] && strncmp(replay->envp[n], "TMPDIR=", 7))
		n++;
	if (!replay->envp[n]) {
		replay->envp =
			alloc_check(reallocarray(replay->envp, n + 2, sizeof(*replay->envp)));
		replay->envp[n + 1] = NULL;
	}
	free(replay->envp[n]);
	alloc_check(asprintf(&replay->envp[n], "TMPDIR=%s", name) < 0 ? NULL : replay->envp[n]);
}

static void add_section(struct replay *replay, enum plan_type type, const void *payload,
			uint32_t length)
{
	struct session_config *session = &replay->session_config;

	session->sections = replay->sections;
	replay->sections[session->section_count++] =
		(struct session_section){ .type = type, .payload = payload, .length = length };
}

/* With the files that are in the trace. A script is run as the kernel would, by its interpreter. */
static int enter_unpacked(struct replay *replay, struct err *err)
{
	const struct replay_config *config = replay->config;
	const cJSON *program = fields_object(config->file->header, "program");
	const cJSON *scripts = fields_array(program, "scripts");
	struct target_config *target = &replay->session_config.target;
	const char *root;

	replay->unpack = unpack_new(config->file->path, config->file->header, err);
	if (!replay->unpack)
		return -err->code;
	if (!unpack_program(replay->unpack))
		return 0;
	if (scripts) {
		char **argv = unpack_script(program, replay->argv);

		if (!argv)
			return 0;
		header_free_words(replay->argv);
		target->argv = replay->argv = argv;
	}
	target->program = unpack_program(replay->unpack);
	target->library_path = unpack_libraries(replay->unpack);
	root = unpack_root(replay->unpack);
	add_section(replay, PLAN_UNPACKED, root, (uint32_t)strlen(root) + 1);
	return 0;
}

/* The files go into the scratch directory, as nothing else can be written, and from there later. */
static int keep_written(struct replay *replay, struct err *err)
{
	const char *scratch = confine_scratch(replay->confine);
	char *cwd;
	size_t size;
	int length;

	if (!replay->config->write_dir)
		return 0;
	cwd = fields_bytes(replay->config->file->header, "cwd", &size);
	length = asprintf(&replay->written, "%s/written%c%s", scratch, '\0', cwd ? cwd : "/");
	alloc_check(length < 0 ? NULL : replay->written);
	free(cwd);
	if (mkdir(replay->written, 0700))
		return err_set(err, errno, "cannot make %s: %s", replay->written, strerror(errno));
	add_section(replay, PLAN_WRITTEN, replay->written, (uint32_t)length + 1);
	return 0;
}

static int fetch_written(struct replay *replay, struct err *err)
{
	const char *to = replay->config->write_dir;
	int rc = replay->written ? tree_copy(replay->written, to, NULL) : 0;

	return rc ? err_set(err, -rc, "cannot write what the program wrote to %s: %s", to,
			    strerror(-rc))
		  : 0;
}

static int prepare(struct replay *replay, struct err *err)
{
	const struct replay_config *config = replay->config;
	const cJSON *header = config->file->header;
	struct session_config *session = &replay->session_config;
	int64_t total;
	int rc = header_plan(header, &session->run, &session->strategy, err);

	if (rc)
		return rc;
	if (!session->run.pid)
		session->run.pid = recorded_pid(config->file->reader);
	/*
	 * Where the script is silent the running thread goes on: so it was recorded. Behind a
	 * difference natural does the same, but does not wait for an outside that was ready once.
	 */
	if (session->run.flags & PLAN_RUN_KEEP_ANSWERS) {
		session->run.flags &= ~PLAN_RUN_KEEP_ANSWERS;
		if (config->hermetic)
			session->run.flags |= PLAN_RUN_GIVE_ANSWERS;
	}
	session->run.flags |= PLAN_RUN_REPLAY | (config->follow ? PLAN_RUN_FOLLOW : 0);
	session->strategy = (struct plan_strategy){
		.id = config->follow ? STRATEGY_NATURAL : STRATEGY_SCRIPT,
		.slice = UINT32_MAX,
	};
	/* Where nothing was interrupted, nothing is: slow machines must not make a difference. */
	if (config->follow || fields_int(config->file->outcome, "inexact", 0) > 0)
		session->preempt_after = config->preempt_after > 0 ? config->preempt_after
								   : PREEMPT_AFTER;
	replay->patterns = header_patterns(header, &session->code_patterns_length);
	session->code_patterns = replay->patterns;
	header_shared_sites(header, &replay->sites);
	session->shared_sites = replay->sites.hashes;
	session->shared_sites_count = replay->sites.count;
	session->stop = config->stop;
	session->time_limit = config->time_limit;
	session->used_limit = config->used_limit;
	session->no_trap = !fields_bool(header, "trap", true);
	session->target.keep_addresses = !fields_bool(header, "addresses_fixed", true);
	replay->argv = header_argv(header, err);
	if (!replay->argv)
		return -err->code;
	replay->envp = config->hermetic ? header_environment_recorded(header)
					: header_environment(header);
	if (config->hermetic)
		set_temporary_directory(replay);
	session->target.argv = replay->argv;
	session->target.envp = replay->envp;
	rc = config->hermetic && unpack_is_packed(header) ? enter_unpacked(replay, err) : 0;
	if (rc)
		return rc;
	rc = config->hermetic ? enter_confinement(replay, err) : 0;
	if (rc == 0 && config->hermetic)
		rc = keep_written(replay, err);
	if (rc)
		return rc;
	if (!config->hermetic && fields_object(header, "sandbox")) {
		rc = enter_sandbox(replay, err);
		if (rc)
			return rc;
	}
	if (config->stdio) {
		session->target.redirect = session->target.own_group = true;
		memcpy(session->target.stdio, config->stdio, sizeof(session->target.stdio));
	}
	session->signals_elsewhere = config->interrupted != NULL;
	session->interrupted = config->interrupted;
	session->interrupted_self = config->self;
	replay->hooks = (struct session_hooks){
		.self = replay,
		.decisions = next_decisions,
		.mailbox = on_mailbox,
		.note = on_note,
		.tick = on_tick,
	};
	replay->redact = redact_of_header(header);
	replay->script = script_open(config->file->path, err);
	if (!replay->script)
		return -err->code;
	replay->verify = verify_new(replay->script, config->file->naming, config->follow);
	if (ended_outside(config->file->outcome) && !config->file->damage.code) {
		total = trace_reader_total_events(config->file->reader, err);
		replay->end = total > 0 ? (uint64_t)total : 0;
		verify_open_end(replay->verify);
	}
	replay->session = session_new(session, &replay->hooks, err);
	return replay->session ? 0 : -err->code;
}

/* The first answers are there before the program asks for them. */
static int open_tape(struct replay *replay, struct err *err)
{
	if (!(replay->session_config.run.flags & PLAN_RUN_GIVE_ANSWERS))
		return 0;
	replay->tape = tape_open(replay->config->file->path, session_region(replay->session), err);
	if (!replay->tape)
		return -err->code;
	tape_unpacked(replay->tape, replay->unpack);
	tape_feed(replay->tape);
	return 0;
}

static int open_output(struct replay *replay, struct err *err)
{
	cJSON *header;

	if (!replay->config->output)
		return 0;
	replay->writer = trace_writer_open(replay->config->output, 0, err);
	if (!replay->writer)
		return -err->code;
	header = header_new(replay->session, "replay", NULL, 0);
	redact_header(replay->redact, header);
	trace_writer_header(replay->writer, header);
	cJSON_Delete(header);
	replay->sink = trace_sink_new(replay->writer);
	trace_sink_redact(replay->sink, replay->redact);
	return 0;
}

static int close_output(struct replay *replay, const struct session_result *result, struct err *err)
{
	cJSON *outcome;
	int rc;

	if (!replay->writer)
		return 0;
	outcome = outcome_new(result, replay->sink);
	redact_outcome(replay->redact, outcome);
	trace_writer_outcome(replay->writer, outcome_word(result->verdict), outcome);
	cJSON_Delete(outcome);
	rc = trace_writer_close(replay->writer, err);
	replay->writer = NULL;
	return rc;
}

/* A hash that the recorded outcome does not have says nothing. */
static bool agrees(const cJSON *outcome, const char *name, uint64_t hash)
{
	uint64_t recorded;

	return !fields_hash(outcome, name, &recorded) || recorded == hash;
}

static void judge(struct replay *replay, struct replay_report *report)
{
	const struct trace_file *file = replay->config->file;
	const struct session_result *result = &report->result;
	struct text text;

	verify_end(replay->verify);
	report->difference = *verify_difference(replay->verify);
	report->agreed = verify_agreed(replay->verify);
	report->after = verify_after(replay->verify);
	report->stopped = report->difference.kind == VERIFY_SAME && report->agreed >= replay->end;
	report->same_hashes = report->stopped ||
			      (agrees(file->outcome, "order_hash", result->order_hash) &&
			       agrees(file->outcome, "hb_hash", result->hb_hash));
	text_init(&text, report->recorded, sizeof(report->recorded));
	fingerprint_outcome(&text, file->outcome, file->names);
	text_init(&text, report->got, sizeof(report->got));
	fingerprint_result(&text, result, verify_run_names(replay->verify));
}

static int run(struct replay *replay, struct replay_report *report, struct err *err)
{
	const struct replay_config *config = replay->config;
	int rc;

	if (config->ready)
		config->ready(config->self, replay->session);
	rc = session_run(replay->session, &sink_table, replay, &report->result, err);
	if (replay->tape && rc == 0)
		tape_finish(replay->tape);
	if (rc == -VERIFY_ERR_DIFFERENT)
		rc = 0;
	/* So that it can be compared with what the recording has. */
	redact_bytes(replay->redact, report->result.stderr_tail, report->result.stderr_length);
	redact_bytes(replay->redact, report->result.failure.text,
		     strlen(report->result.failure.text));
	judge(replay, report);
	if (rc == 0)
		rc = close_output(replay, &report->result, err);
	return rc;
}

int replay_run(const struct replay_config *config, struct replay_report *report, struct err *err)
{
	struct replay replay = { .config = config, .end = UINT64_MAX };
	int rc;

	memset(report, 0, sizeof(*report));
	rc = prepare(&replay, err);
	if (rc == 0)
		rc = open_tape(&replay, err);
	if (rc == 0)
		rc = open_output(&replay, err);
	if (rc == 0)
		rc = run(&replay, report, err);
	if (rc == 0)
		rc = fetch_written(&replay, err);
	if (replay.writer)
		trace_writer_close(replay.writer, NULL);
	trace_sink_free(replay.sink);
	redact_free(replay.redact);
	tape_close(replay.tape);
	unpack_free(replay.unpack);
	session_free(replay.session);
	sandbox_free(replay.sandbox);
	confine_free(replay.confine);
	free(replay.directory);
	free(replay.written);
	verify_free(replay.verify);
	script_close(replay.script);
	header_free_words(replay.envp);
	header_free_words(replay.argv);
	free(replay.patterns);
	shared_sites_fini(&replay.sites);
	return rc;
}
