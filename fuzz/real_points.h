/*
 * Can a failure that was found with a switch at any access of an interpreted program happen where
 * the interpreter really switches? Each preemption at a place where it does not is moved to the
 * nearest ones of its thread where it does, before and behind; what lies between is little, and
 * seldom matters.
 *
 * A failure that is found so can happen. One that is not may still be able to: it is a search, with
 * a limit, around one schedule.
 */
#ifndef FUZZ_REAL_POINTS_H
#define FUZZ_REAL_POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/choices.h"

/*
 * `choices` fail with trials->any_access. True: so do others without it, and `out` has all
 * decisions of that run, to be freed. False: not found in `runs_max` runs, or a run could not be
 * carried out (`rc`, with `err`). `runs` is how many it took.
 */
bool real_points_fail(const struct trials *trials, const struct choices *choices, uint64_t runs_max,
		      struct plan_decision **out, uint32_t *count, uint64_t *runs, int *rc,
		      struct err *err);

#endif
