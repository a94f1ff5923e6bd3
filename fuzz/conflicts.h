/*
 * Conflicts in the log of one run: pairs of operations of different lanes whose order matters. For
 * each, which other lane could have gone first, and how that is forced. It keeps nothing between
 * runs.
 *
 * Two operations conflict when they are dependent (formats/event.h) on one object; and the end of
 * the process conflicts with everything, a signal or a cancellation with what its receiver does.
 */
#ifndef FUZZ_CONFLICTS_H
#define FUZZ_CONFLICTS_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/run_log.h"

/* A way to make the run take another course. */
struct reversal {
	uint64_t pair;   /* hash of the two sites and kinds, in this order; never 0 */
	uint32_t cut;    /* decisions of the run before the place where it is changed */
	uint32_t steps;  /* steps of the run before that place */
	uint32_t forced; /* entries of `force` behind them: 0 to 2 */
	uint32_t first;  /* step of the operation that went first */
	uint32_t second; /* step of the one that is to go first; `first` itself for other choices */
	uint32_t next;   /* lane that goes on when the forced one cannot any more, 0: any */
	bool both_write; /* neither is a read or an acquisition */
	uint8_t penalty; /* for less likely ones */
	struct plan_decision force[2];
};

struct reversals {
	struct reversal *all;
	size_t count, room;
};

/*
 * All of them, earliest first, bounded: at most `per_pair` for each pair. The list is emptied
 * before. Owned by the caller: reversals_fini().
 */
void conflicts_find(const struct run_log *log, unsigned per_pair, struct reversals *out);
void reversals_fini(struct reversals *reversals);

/*
 * Calls `seen` for each pair of an operation with the last conflicting one of another lane (what it
 * reads from, in the wide sense).
 */
void conflicts_pairs(const struct run_log *log, void (*seen)(void *self, uint64_t pair),
		     void *self);

/* Hash of an ordered pair of operations at two places. */
uint64_t conflicts_pair(uint64_t site_a, unsigned kind_a, uint64_t site_b, unsigned kind_b);

#endif
