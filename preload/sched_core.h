/*
 * Between the files of the scheduler core (sched*.c, idle.c, deadlock.c); not for interposers.
 */
#ifndef PRELOAD_SCHED_CORE_H
#define PRELOAD_SCHED_CORE_H

#include <stdbool.h>

#include "preload/lane.h"

/* State changes of a lane, with the books of the schedule. */
void core_set_blocked(struct lane *lane);
void core_set_runnable(struct lane *lane);

/* The lane waits on an object's queue, or on none; `retry`: it may take the object when it can. */
void core_enqueue(struct lane *lane, struct object *object, uint32_t tag, bool retry);
void core_dequeue(struct lane *lane);

/* Makes lanes runnable whose deadline has come. */
void core_wake_due(void);

/*
 * The lane that goes on after `me`, which cannot, at least not at once: waits for the outside and
 * lets the clock jump as needed. Ends the run when nothing can happen any more.
 */
struct lane *idle_pick(struct lane *me);

/* At a point: lanes that the outside has made ready, forced or early jumps of the clock. */
void idle_look(struct lane *me);

/*
 * Waits in real time until `outside` is ready (replay: it was so in the recording). False: it never
 * was.
 */
bool idle_wait_for(struct outside *outside);

/* Is it ready now? */
bool idle_ready(struct outside *outside);

/* A cycle through `me`, which has just blocked: ends the run. */
void deadlock_check(struct lane *me);

/* Nobody can run and nothing can wake anyone: ends the run. */
void deadlock_stuck(struct lane *me) __attribute__((noreturn));

#endif
