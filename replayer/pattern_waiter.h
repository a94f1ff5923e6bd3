/*
 * Lanes that wait on a condition variable for ever: what replayer/pattern_stuck.c and
 * pattern_signal.c share. Private to them.
 */
#ifndef REPLAYER_PATTERN_WAITER_H
#define REPLAYER_PATTERN_WAITER_H

#include "replayer/pattern_rules.h"

/* One lane that waits on a condition variable. */
struct waiter {
	const struct wakeup *wait;
	const struct section *section; /* in which it began to wait; NULL: unknown */
};

/* The section of its lane that event `at` lies in; NULL: none. */
const struct section *waiter_section(const struct search *search, size_t at);

uint32_t waiter_lane_at(const struct search *search, size_t at);

/* The wait to which the lane went back in the section in which it came back; HISTORY_NONE: no. */
size_t waiter_went_back(const struct search *search, const struct wakeup *wakeup);

/* Rules about the signals that this lane has not got: pattern_signal.c. */
bool waiter_lost_thread(struct search *search, const struct waiter *waiter);
bool waiter_barrier_lapped(struct search *search, const struct waiter *waiter);
bool waiter_wrong_one_woken(struct search *search, const struct waiter *waiter);
bool waiter_signalled_too_early(struct search *search, const struct waiter *waiter);
bool waiter_left_alone(struct search *search, const struct waiter *waiter);

/* Why there never was one: pattern_never.c. */
bool waiter_looked_too_early(struct search *search, const struct waiter *waiter);

#endif
