/*
 * Sleeping, for the functions of libc and for libc's own calls (trap layer). nanosleep(2),
 * clock_nanosleep(2).
 */
#ifndef PRELOAD_SLEEP_H
#define PRELOAD_SLEEP_H

#include <time.h>

#include "preload/lane.h"

/*
 * clock_nanosleep(2) as an operation of the lane. Returns 0 or negative errno; `left` may be NULL.
 * A cancellation does not return. Requires the turn and thread_state.inside.
 */
long sleep_operation(struct lane *me, clockid_t clock, int flags, const struct timespec *time,
		     struct timespec *left, uint32_t context);

#endif
