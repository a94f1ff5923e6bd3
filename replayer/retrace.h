/*
 * A recorded order of steps (course.h) found again in another run, which is not the same operation
 * by operation: at each choice of that run, who has to go on for the steps that both runs have to
 * come in the recorded order? So decisions are carried over to another interpreter, whose locks,
 * imports and instructions are others. It runs nothing: survey.h does.
 *
 *	retrace = retrace_new(&file, &err);
 *	do {
 *		run the program with retrace_forced(retrace, &count) as PLAN_LOOSE, offers kept
 *	} while ((rc = retrace_next(retrace, &survey_file, choices, n, &err)) > 0);
 *	if (!retrace_missing(retrace, &text))
 *		the last run went as recorded
 *	retrace_free(retrace);
 */
#ifndef REPLAYER_RETRACE_H
#define REPLAYER_RETRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/plan.h"
#include "recorder/text.h"
#include "replayer/trace_file.h"

struct retrace;

/* A choice in a run, whether its default was taken or not. Numbers are of that run. */
struct retrace_choice {
	uint64_t at; /* events before it */
	uint64_t k;  /* the point: (lane, k) */
	uint32_t lane;
	uint32_t kind;    /* enum decision_kind */
	int64_t chosen;   /* of a pick the lane itself where it went on, else 0: the default */
	uint32_t *lanes;  /* who could have gone on, for a pick or next */
	uint32_t n_lanes; /* of them */
};

/* `file` must outlive it. NULL with `err` set. */
struct retrace *retrace_new(const struct trace_file *file, struct err *err);
void retrace_free(struct retrace *retrace);

/* What the next run is to be forced to, ascending by (lane, k), for PLAN_LOOSE. */
const struct plan_decision *retrace_forced(const struct retrace *retrace, uint32_t *count);

/*
 * Looks at the run that these decisions led to; `choices` are in their order. 1: one more decision
 * is forced now, try again; 0: the order cannot be had any better; or -code with `err`.
 */
int retrace_next(struct retrace *retrace, const struct trace_file *run,
		 const struct retrace_choice *choices, uint32_t count, struct err *err);

/*
 * True: `run`, a run of the forced decisions, does not do what the recording did, and what is
 * missing, or cannot be had in that order, is added to `text`, clean.
 */
bool retrace_missing(struct retrace *retrace, const struct trace_file *run, struct text *text,
		     struct err *err);

#endif
