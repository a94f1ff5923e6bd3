/*
 * One replay of a trace: the program is run with the recorded decisions as its script, and
 * compared with the recording while it runs. Used by cmd_replay.c, and for confirming findings. It
 * prints nothing.
 *
 *	struct replay_config config = { .file = &file };
 *	struct replay_report report;
 *
 *	rc = replay_run(&config, &report, &err);	blocks until the run is over
 *	if (rc < 0)
 *		it could not be started: err says why
 *	else if (report.difference.kind != VERIFY_SAME)
 *		...
 *
 * The caller has put the working directory where the recording was made.
 */
#ifndef REPLAYER_REPLAY_H
#define REPLAYER_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "recorder/session.h"
#include "replayer/debugger.h"
#include "replayer/trace_file.h"
#include "replayer/verify.h"

struct replay_config {
	const struct trace_file *file; /* its path is opened again: absolute is safe */
	bool follow;                   /* go on after a difference */
	bool hermetic;                 /* nothing of the machine is seen, or can be changed */
	/* What the confinement of a hermetic replay cannot prevent here. May be NULL. */
	void (*gap)(void *self, const char *sentence);
	const char *write_dir; /* hermetic: what the program writes is kept there; NULL: not */
	const char *output;    /* write a trace of the replay, NULL: none */
	double time_limit;     /* real seconds, 0: none */
	double used_limit;     /* session.h, 0: none */
	double preempt_after;  /* session.h; 0: as a recording has it by default */
	const struct plan_stop *stop; /* NULL: do not pause */
	/* descriptors that become the program's 0, 1 and 2; NULL: ours */
	const int *stdio;
	/* Asked now and then, true ends the run; then Ctrl-C is the caller's business. Or NULL. */
	bool (*interrupted)(void *self);
	void *self;
	/* The program has been found and inspected, and nothing runs yet. May be NULL. */
	void (*ready)(void *self, struct session *session);
	/* At the stop; the run waits. 0: go on. May be NULL. */
	int32_t (*paused)(void *self, struct session *session);
	/* A remark of runtime or watchdog, `text` is not clean. May be NULL. */
	void (*note)(void *self, const char *kind, const char *text);
};

struct replay_report {
	struct session_result result;
	struct verify_difference difference; /* kind SAME: there was none */
	uint64_t agreed, after;              /* events before and since the difference */
	bool stopped;                        /* by us, where the recording was ended from outside */
	bool same_hashes;               /* those of the recorded outcome, as far as it has them */
	char recorded[1024], got[1024]; /* fingerprints (fingerprint.h) */
};

/*
 * 0 when a run took place, however it ended; else -code with `err`: of target.h, header.h,
 * trace_reader.h, or of the output.
 */
int replay_run(const struct replay_config *config, struct replay_report *report, struct err *err);

#endif
