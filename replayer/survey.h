/*
 * One run of the program of a trace under another interpreter: with the recorded plan, but with the
 * outside as it is, some decisions forced where their points are met, and nobody preempted
 * elsewhere. It is written as a trace; the choices that it had are kept beside it. It prints
 * nothing and compares nothing.
 *
 *	struct survey survey = { 0 };
 *
 *	rc = survey_run(&config, &survey, &err);	blocks until the run is over
 *	...
 *	survey_fini(&survey);
 */
#ifndef REPLAYER_SURVEY_H
#define REPLAYER_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "formats/plan.h"
#include "recorder/session.h"
#include "replayer/retrace.h"
#include "replayer/trace_file.h"

struct survey_config {
	const struct trace_file *file;      /* whose plan is repeated */
	char *const *argv;                  /* NULL: as recorded */
	const char *path;                   /* of the trace that is written */
	const struct plan_decision *forced; /* ascending by (lane, k) */
	uint32_t forced_count;
	bool choices;     /* keep them */
	bool input;       /* keep what comes in, if the recording has */
	const int *stdio; /* descriptors that become the program's 0, 1 and 2; NULL: ours */
	double time_limit, hang_after; /* session.h */
	/* Asked now and then, true ends the run; then Ctrl-C is the caller's business. Or NULL. */
	bool (*interrupted)(void *self);
	/* A remark of runtime or watchdog, `text` is not clean. May be NULL. */
	void (*note)(void *self, const char *kind, const char *text);
	void *self;
};

struct survey {
	struct session_result result;
	struct retrace_choice *choices;
	uint32_t count;
};

/* 0 when a run took place, however it ended; else -code with `err`, as replay_run(). */
int survey_run(const struct survey_config *config, struct survey *survey, struct err *err);
void survey_fini(struct survey *survey);

#endif
