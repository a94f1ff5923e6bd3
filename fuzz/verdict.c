/*
 * See verdict.h.
 */
#include "fuzz/verdict.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/hash.h"
#include "recorder/alloc.h"
#include "recorder/text.h"
#include "recorder/traceback.h"

#define TAIL 16384 /* bytes of standard error that are looked at */

static const char *const words[FAILURE_KINDS] = {
	[FAILURE_NONE] = "none",
#define FAILURE(symbol, word) [FAILURE_##symbol] = word,
#include "fuzz/failure.def"
#undef FAILURE
};

const char *verdict_word(enum failure_kind kind)
{
	return words[kind < FAILURE_KINDS ? kind : FAILURE_NONE];
}

void verdict_describe(const struct verdict *verdict, char *text, size_t size)
{
	const char *name;

	switch (verdict->kind) {
	case FAILURE_EXIT:
		snprintf(text, size, "exit status %d", verdict->status);
		break;
	case FAILURE_SIGNAL:
		name = sigabbrev_np(verdict->status);
		snprintf(text, size, "signal %d (SIG%s)", verdict->status, name ? name : "?");
		break;
	case FAILURE_CHECK:
		snprintf(text, size, "the check ended with status %d", verdict->status);
		break;
	case FAILURE_OUTPUT:
		snprintf(text, size, "the output differs from that of the first run");
		break;
	case FAILURE_LOST:
		snprintf(text, size, "a thread vanished while it had the turn");
		break;
	case FAILURE_SANITIZER:
		snprintf(text, size, "report of a sanitizer");
		break;
	case FAILURE_RACE:
		snprintf(text, size, "%s", verdict->message);
		break;
	case FAILURE_HANG:
		snprintf(text, size, "the run does not end in time");
		break;
	case FAILURE_EXCEPTION:
		snprintf(text, size, "an uncaught exception in a thread");
		break;
	default:
		snprintf(text, size, "%s", verdict_word(verdict->kind));
	}
}

static const char *const sanitizer_marks[] = {
	"ERROR: AddressSanitizer",  "WARNING: ThreadSanitizer", "ERROR: LeakSanitizer",
	"WARNING: MemorySanitizer", ": runtime error: ",
};

/* The line in which `at` stands, NUL-terminated in place. */
static char *line_of(char *text, char *at)
{
	while (at > text && at[-1] != '\n')
		at--;
	at[strcspn(at, "\n")] = '\0';
	return at;
}

static char *last_line(char *text)
{
	size_t n = strlen(text);

	while (n && text[n - 1] == '\n')
		text[--n] = '\0';
	return line_of(text, text + n);
}

/*
 * What says best what went wrong: a sanitizer's summary, an assertion, what ended an interpreter,
 * else the last line.
 */
static char *message_of(char *errors, bool *sanitizer)
{
	char *summary = strstr(errors, "SUMMARY: "), *assertion;
	const char *fatal;
	size_t i;

	*sanitizer = false;
	for (i = 0; i < sizeof(sanitizer_marks) / sizeof(*sanitizer_marks); i++) {
		char *mark = strstr(errors, sanitizer_marks[i]);

		if (!mark)
			continue;
		*sanitizer = true;
		return line_of(errors, summary ? summary : mark);
	}
	assertion = strstr(errors, "Assertion `");
	if (!assertion)
		assertion = strstr(errors, "Assertion '");
	if (assertion)
		return line_of(errors, assertion);
	fatal = traceback_fatal(errors, strlen(errors), &i);
	return fatal ? line_of(errors, errors + (fatal - errors)) : last_line(errors);
}

/* Letters count, and words; numbers differ from run to run, and so do addresses. */
static uint64_t hash_message(const char *text)
{
	uint64_t hash = HASH_START;
	bool digits = false;

	for (; *text; text++) {
		if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
		    isxdigit((unsigned char)text[2])) {
			digits = true;
			text++;
			continue;
		}
		if (isxdigit((unsigned char)*text) && (digits || isdigit((unsigned char)*text))) {
			digits = true;
			continue;
		}
		digits = false;
		hash = hash_mix(hash, (unsigned char)*text);
	}
	return hash;
}

static int by_value(const void *a_, const void *b_)
{
	uint64_t a = *(const uint64_t *)a_, b = *(const uint64_t *)b_;

	return a < b ? -1 : a > b;
}

/* Who waits for what, in any order: kinds and objects of a cycle, else kinds and places. */
static uint64_t hash_edges(const struct run_log *log, const struct region_failure *failure,
			   bool cycle)
{
	uint64_t hashes[REGION_EDGES], hash = HASH_START;
	uint32_t n = cycle ? failure->cycle_length : failure->edge_count, i;

	for (i = 0; i < n; i++) {
		const struct region_edge *edge = &failure->edges[i];

		hashes[i] = hash_mix(edge->kind, cycle ? run_log_object_id(log, edge->object)
						       : run_log_site(log, edge->context));
	}
	qsort(hashes, n, sizeof(*hashes), by_value);
	for (i = 0; i < n; i++)
		if (!i || hashes[i] != hashes[i - 1])
			hash = hash_mix(hash, hashes[i]);
	return hash;
}

/* Of an exception type and place: its message may have values in it. */
static uint64_t hash_exception(const struct traceback *traceback)
{
	uint64_t hash = hash_bytes(traceback->exception, traceback_type(traceback));

	hash = hash_mix(hash, hash_bytes(traceback->file, strlen(traceback->file)));
	hash = hash_mix(hash, hash_bytes(traceback->function, strlen(traceback->function)));
	return hash_mix(hash, traceback->line);
}

/* The first frames of a crash that are not libc's. */
static uint64_t hash_frames(const struct run_log *log, const struct region_failure *failure)
{
	uint64_t hash = HASH_START;
	uint32_t i, used = 0;

	for (i = 0; i < failure->frame_count && used < 2; i++) {
		uint64_t place = run_log_place(log, failure->frames[i]);

		if (!place)
			continue;
		hash = hash_mix(hash, place);
		used++;
	}
	return hash;
}

static enum failure_kind kind_of(const struct verdict_rules *rules,
				 const struct server_report *report, bool sanitizer)
{
	if (report->time_limit)
		return FAILURE_HANG;
	switch (report->verdict) {
	case VERDICT_DEADLOCK:
		return FAILURE_DEADLOCK;
	case VERDICT_STUCK:
		return FAILURE_STUCK;
	case VERDICT_LOST_THREAD:
		return FAILURE_LOST;
	case VERDICT_STEP_BUDGET:
		return FAILURE_LIVELOCK;
	case VERDICT_MEMORY:
		return FAILURE_MEMORY;
	case VERDICT_EXIT:
		if (sanitizer)
			return FAILURE_SANITIZER;
		return report->status && report->status != rules->expected_status ? FAILURE_EXIT
										  : FAILURE_NONE;
	case VERDICT_SIGNAL:
		return sanitizer ? FAILURE_SANITIZER : FAILURE_SIGNAL;
	default:
		return FAILURE_NONE;
	}
}

void verdict_judge(const struct verdict_rules *rules, const struct worker *worker,
		   const struct server_report *report, struct verdict *verdict)
{
	const struct run_log *log = worker_log(worker);
	char errors[TAIL + 1];
	const char *message = errors;
	uint64_t hash = HASH_START;
	bool sanitizer = false;
	struct traceback traceback;
	struct text text;
	bool raised;
	size_t n, i;

	memset(verdict, 0, sizeof(*verdict));
	n = worker_output(worker, STDERR_FILENO, errors, TAIL);
	for (i = 0; i < n; i++)
		errors[i] = errors[i] ? errors[i] : '?';
	errors[n] = '\0';
	raised = traceback_find(&traceback, errors, n);
	if (n)
		message = message_of(errors, &sanitizer);
	verdict->kind = kind_of(rules, report, sanitizer);
	verdict->status = report->status;
	raised = raised && (verdict->kind == FAILURE_EXIT ||
			    (verdict->kind == FAILURE_NONE && report->verdict == VERDICT_EXIT &&
			     !report->time_limit && traceback.in_thread));
	if (raised) {
		message = traceback.exception;
		if (traceback.in_thread)
			verdict->kind = FAILURE_EXCEPTION;
	}
	if (verdict->kind == FAILURE_NONE && rules->check_status) {
		verdict->kind = FAILURE_CHECK;
		verdict->status = rules->check_status;
	}
	if (verdict->kind == FAILURE_NONE && rules->same_output &&
	    worker_output_hash(worker, STDOUT_FILENO) != rules->output)
		verdict->kind = FAILURE_OUTPUT;
	if (verdict->kind == FAILURE_NONE && rules->race) {
		verdict->kind = FAILURE_RACE;
		message = rules->race;
	}
	if (verdict->kind == FAILURE_NONE)
		return;
	hash = hash_mix(hash, verdict->kind);
	switch (verdict->kind) {
	case FAILURE_DEADLOCK:
	case FAILURE_STUCK:
		hash = hash_mix(hash, hash_edges(log, &report->failure,
						 verdict->kind == FAILURE_DEADLOCK));
		break;
	case FAILURE_MEMORY:
		message = report->failure.text;
		hash = hash_mix(hash, hash_frames(log, &report->failure));
		hash = hash_mix(hash, hash_message(message));
		break;
	case FAILURE_SIGNAL:
		hash = hash_mix(hash, (uint64_t)verdict->status);
		hash = hash_mix(hash, hash_frames(log, &report->failure));
		hash = hash_mix(hash, hash_message(message));
		break;
	case FAILURE_EXIT:
		hash = hash_mix(hash, (uint64_t)verdict->status);
		hash = hash_mix(hash, raised ? hash_exception(&traceback) : hash_message(message));
		break;
	case FAILURE_EXCEPTION:
		hash = hash_mix(hash, hash_exception(&traceback));
		break;
	case FAILURE_SANITIZER:
	case FAILURE_RACE:
		hash = hash_mix(hash, hash_message(message));
		break;
	default:
		break;
	}
	verdict->fingerprint = hash_finish(hash);
	text_init(&text, verdict->message, sizeof(verdict->message));
	text_add_clean(&text, message);
}
