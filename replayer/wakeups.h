/*
 * Which signal woke which wait: condition variables followed through a run. The trace has the
 * signals, the waits and, where there was a choice, who was chosen; the rest is what the runtime
 * does by default, the first that waits.
 *
 *	wakeups = wakeups_new(history);
 *	wakeup = wakeups_of(wakeups, back);	why did this lane come back from its wait?
 *	wakeups_free(wakeups);
 */
#ifndef REPLAYER_WAKEUPS_H
#define REPLAYER_WAKEUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replayer/history.h"

struct wakeup {
	size_t wait;     /* the cond_wait */
	size_t signal;   /* what woke it; HISTORY_NONE: nothing did (yet) */
	size_t back;     /* its cond_woken; HISTORY_NONE: has not come back */
	uint32_t lane;   /* who waits */
	uint32_t object; /* condition variable */
	uint32_t mutex;  /* 0: none */
	uint32_t waiter; /* what a signal for it alone names; 0: nothing does */
};

struct wakeups {
	const struct history *history;
	struct wakeup *items; /* by `wait` */
	size_t count;
};

struct wakeups *wakeups_new(const struct history *history);
void wakeups_free(struct wakeups *wakeups);

/* The wait that came back at event `back`; NULL: none. */
const struct wakeup *wakeups_of(const struct wakeups *wakeups, size_t back);

/* The wait in which the lane was when the run ended, not woken; NULL: none. */
const struct wakeup *wakeups_waiting(const struct wakeups *wakeups, uint32_t lane);

/* The last wait that a signal woke; NULL: it woke nobody. */
const struct wakeup *wakeups_by(const struct wakeups *wakeups, size_t signal);

/* The last signal or broadcast on `object` before event `before`; HISTORY_NONE: none. */
size_t wakeups_signal(const struct wakeups *wakeups, uint32_t object, size_t before);

/* The event is a signal or a broadcast that has taken place. */
bool wakeups_is_signal(const struct history_event *event);

#endif
