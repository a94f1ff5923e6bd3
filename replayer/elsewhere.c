/*
 * See elsewhere.h.
 */
#include "replayer/elsewhere.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/fields.h"
#include "recorder/header.h"
#include "recorder/story.h"
#include "recorder/text.h"
#include "recorder/traceback.h"
#include "replayer/fingerprint.h"
#include "replayer/replay_text.h"
#include "replayer/retrace.h"
#include "replayer/survey.h"

#define RUNS_MAX 400 /* to find the order; a finding needs a handful */
/*
 * Real seconds without an operation that end a run: of a recording that ended so, as a search has
 * it by default; else more than a busy machine lets a program wait.
 */
#define HANG_AFTER 10.0
#define STALL_AFTER 60.0

struct elsewhere {
	const struct elsewhere_config *config;
	struct retrace *retrace;
	char *directory, *path; /* of traces that nobody keeps */
	int stdio[3];           /* for runs that nobody sees */
	uint32_t runs;
	uint64_t order_hash; /* of the last one in which the order was looked for */
	int interrupted;     /* by this signal, while the order was looked for */
};

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	signalled = number;
}

static bool is_interrupted(void *self)
{
	(void)self;
	return signalled;
}

/* What standard input holds, for each run; a terminal is not read. */
static int keep_input(struct err *err)
{
	char bytes[65536];
	ssize_t n = 0;
	int fd;

	if (isatty(STDIN_FILENO) || fcntl(STDIN_FILENO, F_GETFD) < 0)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("frontrun-input", MFD_CLOEXEC);
	while (fd >= 0 && ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0 || errno == EINTR))
		if (n > 0 && write(fd, bytes, (size_t)n) != n) {
			err_set(err, errno, "cannot keep the standard input: %s", strerror(errno));
			close(fd);
			return -1;
		}
	return fd;
}

static int open_streams(struct elsewhere *elsewhere, struct err *err)
{
	elsewhere->stdio[0] = keep_input(err);
	elsewhere->stdio[1] = memfd_create("frontrun-output", MFD_CLOEXEC);
	elsewhere->stdio[2] = memfd_create("frontrun-errors", MFD_CLOEXEC);
	if (elsewhere->stdio[0] >= 0 && elsewhere->stdio[1] >= 0 && elsewhere->stdio[2] >= 0)
		return 0;
	return err->code ? -err->code
			 : err_set(err, errno, "cannot capture the output of the program: %s",
				   strerror(errno));
}

/* Each run finds the streams as the first one. */
static void rewind_streams(struct elsewhere *elsewhere)
{
	unsigned i;

	lseek(elsewhere->stdio[0], 0, SEEK_SET);
	for (i = 1; i < 3; i++)
		if (ftruncate(elsewhere->stdio[i], 0) == 0)
			lseek(elsewhere->stdio[i], 0, SEEK_SET);
}

static int make_directory(struct elsewhere *elsewhere, struct err *err)
{
	const char *where = getenv("TMPDIR");

	if (asprintf(&elsewhere->directory, "%s/frontrun-order-XXXXXX",
		     where && *where == '/' ? where : "/tmp") < 0)
		elsewhere->directory = NULL;
	alloc_check(elsewhere->directory);
	if (!mkdtemp(elsewhere->directory)) {
		err_set(err, errno, "cannot make a temporary directory %s: %s (set TMPDIR)",
			elsewhere->directory, strerror(errno));
		free(elsewhere->directory);
		elsewhere->directory = NULL;
		return -err->code;
	}
	if (asprintf(&elsewhere->path, "%s/run.zst", elsewhere->directory) < 0)
		elsewhere->path = NULL;
	alloc_check(elsewhere->path);
	return 0;
}

static struct survey_config survey_config(const struct elsewhere *elsewhere)
{
	const struct elsewhere_config *config = elsewhere->config;
	struct survey_config survey = {
		.file = config->file,
		.argv = config->argv,
		.path = elsewhere->path,
		.time_limit = config->time_limit,
		.hang_after = fields_bool(config->file->outcome, "time_limit", false) ? HANG_AFTER
										      : STALL_AFTER,
		.self = config->self,
	};

	survey.forced = retrace_forced(elsewhere->retrace, &survey.forced_count);
	return survey;
}

static bool find_traceback(struct traceback *found, const cJSON *outcome)
{
	const char *errors = fields_string(outcome, "stderr", "");

	return traceback_find(found, errors, strlen(errors));
}

/* The same exception in the same function; messages are worded anew from time to time. */
static bool same_exception(const cJSON *one, const cJSON *other)
{
	struct traceback a, b;
	bool has_a = find_traceback(&a, one), has_b = find_traceback(&b, other);
	size_t length = has_a ? traceback_type(&a) : 0;

	if (!has_a || !has_b)
		return has_a == has_b;
	return a.in_thread == b.in_thread && length == traceback_type(&b) &&
	       !memcmp(a.exception, b.exception, length) && !strcmp(a.function, b.function);
}

/* An exception ended a thread, of which the exit status may say nothing. */
static bool has_exception(const cJSON *outcome)
{
	struct traceback traceback;

	return find_traceback(&traceback, outcome) && traceback.in_thread;
}

static bool is_failure(const cJSON *outcome)
{
	return fields_bool(outcome, "time_limit", false) || story_is_failure(outcome) ||
	       (story_verdict(outcome) == VERDICT_EXIT && has_exception(outcome));
}

/* Ids of locks are numbers that differ between interpreters: the kind of the end is compared. */
static bool same_end(const cJSON *one, const cJSON *other)
{
	enum verdict_kind verdict = story_verdict(one);

	if (fields_bool(one, "time_limit", false) || fields_bool(other, "time_limit", false))
		return fields_bool(one, "time_limit", false) ==
		       fields_bool(other, "time_limit", false);
	if (verdict != story_verdict(other))
		return false;
	if (verdict == VERDICT_EXIT || verdict == VERDICT_SIGNAL)
		return fields_int(one, "status", 0) == fields_int(other, "status", 0) &&
		       same_exception(one, other);
	return fields_number(one, "cycle", 0) == fields_number(other, "cycle", 0);
}

static bool same_failure(const struct elsewhere *elsewhere, const struct trace_file *run)
{
	const cJSON *recorded = elsewhere->config->file->outcome;

	return is_failure(recorded) && is_failure(run->outcome) && same_end(recorded, run->outcome);
}

/* With all the switches that the recording had, and to the same end: more need not be alike. */
static bool goes_as_recorded(const struct elsewhere *elsewhere, const struct trace_file *run,
			     struct err *err)
{
	char space[256];
	struct text text;

	text_init(&text, space, sizeof(space));
	return same_failure(elsewhere, run) &&
	       !retrace_missing(elsewhere->retrace, run, &text, err);
}

/* One run that nobody sees, and what follows from it. As retrace_next(). */
static int look(struct elsewhere *elsewhere, struct err *err)
{
	struct survey_config config = survey_config(elsewhere);
	struct survey *survey = alloc_check(calloc(1, sizeof(*survey)));
	struct trace_file run;
	int rc;

	rewind_streams(elsewhere);
	config.stdio = elsewhere->stdio;
	config.choices = true;
	config.interrupted = is_interrupted;
	rc = survey_run(&config, survey, err);
	elsewhere->runs++;
	elsewhere->order_hash = survey->result.order_hash;
	/* Such an end is told of the run that is seen. */
	if (rc == 0 && survey->result.boot == BOOT_OK && !survey->result.interrupted) {
		rc = trace_file_open(&run, elsewhere->path, err);
		if (rc == 0) {
			rc = goes_as_recorded(elsewhere, &run, err)
				     ? 0
				     : retrace_next(elsewhere->retrace, &run, survey->choices,
						    survey->count, err);
			trace_file_close(&run);
		}
	}
	survey_fini(survey);
	free(survey);
	return rc;
}

/* Nobody sees these runs, so one Ctrl-C ends them all. */
static int find_order(struct elsewhere *elsewhere, struct err *err)
{
	struct sigaction ours = { .sa_handler = on_signal }, before[3];
	unsigned i;
	int rc;

	signalled = 0;
	for (i = 0; i < 3; i++)
		sigaction(signals[i], &ours, &before[i]);
	do
		rc = look(elsewhere, err);
	while (rc > 0 && elsewhere->runs < RUNS_MAX && !signalled);
	for (i = 0; i < 3; i++)
		sigaction(signals[i], &before[i], NULL);
	if (signalled)
		elsewhere->interrupted = signalled;
	return rc;
}

struct elsewhere *elsewhere_new(const struct elsewhere_config *config, struct err *err)
{
	struct elsewhere *elsewhere = alloc_check(calloc(1, sizeof(*elsewhere)));
	int rc = -1;

	elsewhere->config = config;
	elsewhere->stdio[0] = elsewhere->stdio[1] = elsewhere->stdio[2] = -1;
	elsewhere->retrace = retrace_new(config->file, err);
	if (elsewhere->retrace && open_streams(elsewhere, err) == 0)
		rc = make_directory(elsewhere, err);
	if (rc == 0)
		rc = find_order(elsewhere, err);
	if (rc >= 0)
		return elsewhere;
	elsewhere_free(elsewhere);
	return NULL;
}

void elsewhere_free(struct elsewhere *elsewhere)
{
	unsigned i;

	if (!elsewhere)
		return;
	for (i = 0; i < 3; i++)
		if (elsewhere->stdio[i] >= 0)
			close(elsewhere->stdio[i]);
	if (elsewhere->path)
		unlink(elsewhere->path);
	if (elsewhere->directory)
		rmdir(elsewhere->directory);
	retrace_free(elsewhere->retrace);
	free(elsewhere->directory);
	free(elsewhere->path);
	free(elsewhere);
}

/* What only --check or the output told of the recording, and a run of the program does not. */
static const char *untold(const cJSON *outcome)
{
	return fields_int(outcome, "status", 0) == 0 && !has_exception(outcome)
		       ? story_judged_afterwards(outcome)
		       : NULL;
}

/* Why the run did not fail as the recording did, if it did not do the same either. */
static void add_missing(struct elsewhere *elsewhere, const struct trace_file *run,
			const struct elsewhere_report *report, struct text *text)
{
	struct err err;

	if (report->result.order_hash != elsewhere->order_hash)
		text_add(text, "it took another course than the run before it: what it finds "
			       "outside, perhaps what it left there itself, is not the same");
	else if (!retrace_missing(elsewhere->retrace, run, text, &err) &&
		 elsewhere->runs == RUNS_MAX)
		text_addf(text, "the recorded order was not found in %d runs", RUNS_MAX);
}

static void judge(struct elsewhere *elsewhere, const struct trace_file *run,
		  struct elsewhere_report *report)
{
	const struct trace_file *file = elsewhere->config->file;
	struct text text;

	report->failed = is_failure(run->outcome);
	report->same = same_failure(elsewhere, run);
	text_init(&text, report->recorded, sizeof(report->recorded));
	fingerprint_outcome(&text, file->outcome, file->names);
	text_init(&text, report->got, sizeof(report->got));
	fingerprint_outcome(&text, run->outcome, run->names);
	text_init(&text, report->missing, sizeof(report->missing));
	if (!report->same)
		add_missing(elsewhere, run, report, &text);
	report->untold = !report->failed && !*report->missing ? untold(file->outcome) : NULL;
	if (report->failed && report->result.verdict != VERDICT_EXIT)
		report->story = replay_text_story(run, false);
}

int elsewhere_run(struct elsewhere *elsewhere, struct elsewhere_report *report, struct err *err)
{
	const struct elsewhere_config *config = elsewhere->config;
	struct survey_config survey_run_config = survey_config(elsewhere);
	int input[3] = { elsewhere->stdio[0], STDOUT_FILENO, STDERR_FILENO };
	struct survey *survey;
	struct trace_file run;
	int rc;

	memset(report, 0, sizeof(*report));
	report->runs = elsewhere->runs;
	report->result.interrupted = elsewhere->interrupted;
	retrace_forced(elsewhere->retrace, &report->forced);
	if (elsewhere->interrupted)
		return 0;
	survey = alloc_check(calloc(1, sizeof(*survey)));
	if (config->output)
		survey_run_config.path = config->output;
	survey_run_config.input = config->output;
	survey_run_config.note = config->note;
	/* The input was read to the end for the first run; a terminal is still there. */
	lseek(elsewhere->stdio[0], 0, SEEK_SET);
	if (!isatty(STDIN_FILENO))
		survey_run_config.stdio = input;
	rc = survey_run(&survey_run_config, survey, err);
	report->result = survey->result;
	if (rc == 0 && survey->result.boot == BOOT_OK) {
		rc = trace_file_open(&run, survey_run_config.path, err);
		if (rc == 0) {
			judge(elsewhere, &run, report);
			trace_file_close(&run);
		}
	}
	survey_fini(survey);
	free(survey);
	return rc;
}
