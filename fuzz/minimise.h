/*
 * Shrinks a failing schedule: the fewest preemptions, then the fewest other choices that are not
 * the default, such that the same failure happens; then each preemption where it stands right
 * before an operation that matters. By delta debugging (Zeller and Hildebrandt, "Simplifying and
 * isolating failure-inducing input", TSE 2002) over the choices in which the run differs from the
 * one without preemptions, forced loosely (PLAN_LOOSE).
 *
 * And the critical pair: without its last preemption (or other choice) the same schedule passes.
 */
#ifndef FUZZ_MINIMISE_H
#define FUZZ_MINIMISE_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/choices.h"

struct minimise_config {
	struct trials trials; /* with the failure to keep */
	uint64_t runs_max;    /* at most so many */
};

struct minimised {
	struct plan_decision *decisions; /* all of the failing run, as run_log has them */
	uint32_t count;
	struct choices choices; /* of the failing run; none if not `reproduced` */
	uint64_t runs;          /* that this took */
	bool reproduced; /* false: the loose form did not fail; `decisions` are the given ones */
	/* the schedule without the last choice: passes, if `has_passing` */
	struct plan_decision *passing;
	uint32_t passing_count;
	bool has_passing;
	/* `second` came before `first`, which did not in the passing run; lane 0: unknown */
	struct {
		uint32_t lane;
		uint64_t k;
	} first, second;
};

/* `decisions` are those of the failing run. 0, or -code with `err`. `out` is filled. */
int minimise(const struct minimise_config *config, const struct plan_decision *decisions,
	     uint32_t count, struct minimised *out, struct err *err);
void minimised_fini(struct minimised *minimised);

#endif
