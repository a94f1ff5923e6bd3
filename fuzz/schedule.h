/*
 * A schedule to try: the decisions that are forced, in order, and the strategy that goes on where
 * they end. Made by a search (search.h), carried out by a worker (worker.h).
 */
#ifndef FUZZ_SCHEDULE_H
#define FUZZ_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/plan.h"

struct schedule {
	/* all of the run's decisions up to a point, those before the fork point included */
	const struct plan_decision *forced;
	uint32_t forced_count;
	/* forced wherever their point is met, ascending by lane and k (PLAN_LOOSE) */
	const struct plan_decision *loose;
	uint32_t loose_count;
	struct plan_strategy tail;
	const struct plan_profile *profile; /* for SURW, or NULL */
	uint32_t profile_bytes;
	const uint64_t *private_sites; /* sorted; no switch there, see PLAN_PRIVATE_SITES */
	uint32_t private_count;
	bool any_access; /* PLAN_RUN_ANY_ACCESS: switch as an interpreter without a global lock */
	bool library;    /* PLAN_RUN_LIBRARY_LOCKS */
	uint64_t steps;  /* operations before the run counts as a livelock; 0: no limit */
	uint64_t forced_steps; /* operations in which all of `forced` has come; 0: no limit */
	double seconds;        /* it may use, session.h; 0: as the worker's session has it */
};

#endif
