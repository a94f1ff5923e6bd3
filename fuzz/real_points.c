/* See real_points.h. Depth first: a preemption that is moved changes what comes behind it. */
#include "fuzz/real_points.h"

#include <stdlib.h>

#define NEAREST 2u /* places on each side that are tried */

struct moving {
	struct trials trials; /* without any_access */
	uint64_t runs, runs_max;
	int rc;
	struct err *err;
	struct plan_decision *decisions; /* of the run that failed */
	uint32_t decision_count;
};

static bool was_taken(const struct run_log *log, const struct plan_decision *choice)
{
	size_t i;

	for (i = log->mark.step; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];

		if ((step->type == STEP_DECISION || step->type == STEP_OFFER) &&
		    step->kind == choice->kind && step->lane == choice->lane &&
		    step->k == choice->k)
			return true;
	}
	return false;
}

/* The first preemption that was ignored, as there is no switch at its place; count: none was. */
static uint32_t first_ignored(const struct run_log *log, const struct choices *choices)
{
	uint32_t at;

	for (at = 0; at < choices->count; at++)
		if (choices->all[at].kind == DECISION_PICK && !was_taken(log, &choices->all[at]))
			break;
	return at;
}

static bool is_place(const struct run_log *log, const struct run_step *step,
		     const struct plan_decision *choice)
{
	return step->type == STEP_OFFER && step->kind == DECISION_PICK &&
	       step->lane == choice->lane && run_log_offered(log, step, (uint32_t)choice->choice);
}

/* The places of the run where this preemption could have been: those behind it first. */
static uint32_t places(const struct run_log *log, const struct plan_decision *choice,
		       uint64_t out[2 * NEAREST])
{
	uint64_t before[NEAREST] = { 0 };
	uint32_t n = 0, n_before = 0, i;
	size_t at;

	/* The steps of a lane are in the order of k. */
	for (at = log->mark.step; at < log->step_count && n < NEAREST; at++) {
		if (!is_place(log, &log->steps[at], choice))
			continue;
		if (log->steps[at].k > choice->k)
			out[n++] = log->steps[at].k;
		else
			before[n_before++ % NEAREST] = log->steps[at].k;
	}
	for (i = 0; i < NEAREST && i < n_before; i++)
		out[n++] = before[(n_before - 1 - i) % NEAREST];
	return n;
}

static bool fails(struct moving *moving, const struct choices *choices)
{
	uint64_t ks[2 * NEAREST];
	const struct run_log *log;
	struct choices moved = { 0 };
	struct verdict verdict;
	uint32_t at, n, i;
	bool found = false;

	if (moving->rc || moving->runs >= moving->runs_max)
		return false;
	moving->runs++;
	moving->rc = choices_run(&moving->trials, choices, &verdict, moving->err);
	if (moving->rc)
		return false;
	log = moving->trials.log(moving->trials.self);
	if (verdict.fingerprint == moving->trials.fingerprint) {
		moving->decisions = run_log_decisions(log, &moving->decision_count);
		return true;
	}
	at = first_ignored(log, choices);
	if (at == choices->count)
		return false;
	n = places(log, &choices->all[at], ks);
	for (i = 0; i < n && !found; i++) {
		choices_copy(&moved, choices);
		moved.all[at].k = ks[i];
		found = fails(moving, &moved);
	}
	choices_fini(&moved);
	return found;
}

bool real_points_fail(const struct trials *trials, const struct choices *choices, uint64_t runs_max,
		      struct plan_decision **out, uint32_t *count, uint64_t *runs, int *rc,
		      struct err *err)
{
	struct moving moving = { .trials = *trials, .runs_max = runs_max, .err = err };
	bool found;

	moving.trials.any_access = false;
	found = fails(&moving, choices);
	*out = moving.decisions;
	*count = moving.decision_count;
	*runs = moving.runs;
	*rc = moving.rc;
	return found;
}
