/*
 * The queue of reversals that are still to be tried: each is the beginning of a run that took
 * place, and one or two decisions behind it that change its course. The rarest pair of operations
 * goes first, then the smallest change, then the earliest (search.md of the design notes, 3.14;
 * after Wolff et al., "Greybox Fuzzing for Concurrency Testing", ASPLOS 2024, whose power schedule
 * favours rare reads-from pairs).
 */
#ifndef FUZZ_CANDIDATES_H
#define FUZZ_CANDIDATES_H

#include <stddef.h>
#include <stdint.h>

#include "formats/plan.h"
#include "fuzz/conflicts.h"
#include "fuzz/run_log.h"

struct candidates;

struct candidate {
	const struct plan_decision *forced; /* owned by the queue until the next call */
	uint32_t count;
	bool library;    /* a schedule of PLAN_RUN_LIBRARY_LOCKS */
	uint32_t depth;  /* reversals since the first run */
	uint64_t parent; /* number of the run that it comes from */
	uint64_t pair;
	uint32_t next_slot; /* + 1, of the lane that goes on behind the forced part; 0: any */
	/* the operations, as (lane, k): `second` is to come before `first` */
	uint32_t first_lane, second_lane;
	uint64_t first_k, second_k;
};

struct candidates *candidates_new(void);
void candidates_free(struct candidates *candidates);

/*
 * Adds what the run offers, less what was there before. `run` is its number, `depth` its own number
 * of reversals, `penalty` for runs that should not flood the queue. Returns how many were new.
 */
size_t candidates_add(struct candidates *candidates, const struct run_log *log,
		      const struct reversals *reversals, uint64_t run, uint32_t depth,
		      uint32_t penalty);

/* Takes out the best. False when there is none. */
bool candidates_take(struct candidates *candidates, struct candidate *candidate);

size_t candidates_count(const struct candidates *candidates);

#endif
