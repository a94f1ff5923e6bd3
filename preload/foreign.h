/*
 * Threads of the process that are not lanes: made inside libc (SIGEV_THREAD timers, aio,
 * getaddrinfo_a) or by raw clone. They run uncontrolled, in parallel; they are counted and named in
 * the trace, and what they wake is woken. Never with the turn.
 */
#ifndef PRELOAD_FOREIGN_H
#define PRELOAD_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"

/* The calling thread is not a lane: count it once, and let the scheduler look at what it does. */
void foreign_thread(void);

/*
 * It wakes `count` waiters of a modelled object (condition variable, futex). Applied by the lane
 * that next has the turn.
 */
void foreign_wake(const volatile void *address, enum object_kind kind, uint32_t count);

/*
 * With the turn: writes the note, applies what was asked. While nobody can run (`idling`) lanes
 * that wait for locks try again, as a foreign thread may have given one back.
 */
void foreign_apply(struct lane *me, bool idling);

/* Foreign threads have been seen in this process. */
bool foreign_seen(void);

/*
 * The same, after counting the kernel threads of the process: before anything is called a deadlock.
 * `me` is the lane of the calling thread, which may be ending.
 */
bool foreign_exist(const struct lane *me);

/* In a forked child: nothing of this counts any more. */
void foreign_child(void);

#endif
