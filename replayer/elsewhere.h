/*
 * The replay of a recording of a Python program under another version of the interpreter: runs the
 * program again and again, each time with one decision more (retrace.h), until the steps of the
 * source code come in the recorded order; then once more for people to see, and says whether that
 * run failed as the recording did. It prints nothing.
 *
 *	struct elsewhere_config config = { .file = &file, .argv = words };
 *	struct elsewhere *elsewhere = elsewhere_new(&config, &err);	finds the order
 *
 *	rc = elsewhere_run(elsewhere, &report, &err);			as often as wanted
 *	elsewhere_free(elsewhere);
 */
#ifndef REPLAYER_ELSEWHERE_H
#define REPLAYER_ELSEWHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "recorder/session.h"
#include "replayer/trace_file.h"

struct elsewhere_config {
	const struct trace_file *file; /* its path is absolute */
	char *const *argv;             /* NULL: as recorded */
	const char *output;            /* write a trace of the last run, NULL: none */
	double time_limit;             /* real seconds for each run, 0: none */
	/* A remark of runtime or watchdog, `text` is not clean. May be NULL. */
	void (*note)(void *self, const char *kind, const char *text);
	void *self;
};

struct elsewhere_report {
	struct session_result result;
	bool failed, same;  /* it failed; in the same way */
	char missing[1024]; /* what the recording did and this run does not; "": nothing */
	/*
	 * The run went as recorded, but this, which a search found when the recorded one had ended,
	 * is not looked for here. NULL, or owned by the trace, not clean.
	 */
	const char *untold;
	char *story;                    /* of the failure, lines; the caller frees it. NULL: none */
	uint32_t runs, forced;          /* how many it took to find the order, and decisions */
	char recorded[1024], got[1024]; /* fingerprints (fingerprint.h) */
};

struct elsewhere;

/* NULL with `err` set. Blocks until the order is found: a run for each decision, and one. */
struct elsewhere *elsewhere_new(const struct elsewhere_config *config, struct err *err);
void elsewhere_free(struct elsewhere *elsewhere);

/* One run with our standard streams. 0 however it ended; else -code with `err`. */
int elsewhere_run(struct elsewhere *elsewhere, struct elsewhere_report *report, struct err *err);

#endif
