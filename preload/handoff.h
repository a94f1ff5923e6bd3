/*
 * Handing over the turn: the interface behind which the back ends stand (futex now, fibers later).
 * The scheduler core knows lanes only; kernel threads and TLS are the back end's business.
 */
#ifndef PRELOAD_HANDOFF_H
#define PRELOAD_HANDOFF_H

#include "preload/lane.h"

/* `to` gets the turn; returns when somebody has given it back to `from`. */
void handoff_switch(struct lane *from, struct lane *to);

/* `to` gets the turn; the caller goes on without it (end of a lane, departure). */
void handoff_give(struct lane *to);

/* Waits for the turn: first call of a new lane's thread, or a lane that comes back. */
void handoff_wait(struct lane *me);

/*
 * Waits until kernel thread `tid` is gone. The end of a thread runs on after its last destructor
 * (arena, stack cache) and would do so in parallel with the next lane (runtime.md: 5 of 100 runs
 * differed).
 */
void handoff_wait_gone(uint32_t tid);

#endif
