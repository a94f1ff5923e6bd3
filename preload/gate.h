/*
 * The gate: an interpreter's global lock, which one thread at a time holds while it runs the
 * interpreter's code (CPython's GIL). Held at most points, it would hide every choice between
 * threads; so it is no synchronisation object of the trace, but a condition of who can run.
 *
 *	held by a lane at a point of the interpreter's own code that may give it away: the point
 *	is open, who waits for the gate can be picked, and the lane leaves the gate before it
 *	hands over;
 *	held at any other point (a lock or a file used by C code): nobody who needs it can run;
 *	not held (the call that blocks has given it up): as any other point.
 *
 * CPython makes it of a mutex and two condition variables inside `_PyRuntime`
 * (Python/ceval_gil.c); calls on those come here. Its time-out of 5 ms counts as none: who holds it
 * is asked to give it up by the scheduler only. All functions but the first two require the turn.
 */
#ifndef PRELOAD_GATE_H
#define PRELOAD_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"
#include "preload/object.h"

extern uintptr_t gate_memory, gate_memory_size; /* of the interpreter's state; 0: there is none */
extern uintptr_t gate_code, gate_code_size;     /* of the module that it is in */

/* Part of the gate? */
static inline bool gate_has(const volatile void *address)
{
	return (uintptr_t)address - gate_memory < gate_memory_size;
}

/* Code of the interpreter? */
static inline bool gate_is_code(const void *address)
{
	return (uintptr_t)address - gate_code < gate_code_size;
}

/* How to leave the gate and come back, by who knows the interpreter. */
struct gate_keeper {
	/* signalled when the gate is given up; another one says that it has been taken */
	const void *dropped;
	void *(*leave)(void);
	void (*enter)(void *state);
	/* Has the thread that holds it give it up soon. Async-signal-safe. */
	void (*hurry)(void);
};

/*
 * Looks for an interpreter in this process. While there is one thread only its lock is nobody's
 * business: how often it is given up and taken is no part of the run. Takes the loader's lock.
 */
void gate_look(void);

/* There is no agent: the interpreter's lock is a mutex like any other from here on. */
void gate_forget(void);

/* Its operations from here on: `me`, the only lane, holds it, or nobody does. */
void gate_start(struct lane *me, const struct gate_keeper *keeper, bool held);

/* The object that stands for it; NULL: there is none, or it has not started. */
extern struct object *gate_object;

static inline bool gate_held(const struct lane *me)
{
	return gate_object && gate_object->owner == me;
}

/* The lane will need it. */
void gate_need(struct lane *lane);

/* The watchdog has interrupted the lane that holds it: others are to have a turn. */
void gate_hurry(void);

/* An open point: others who wait for it can be picked; and they cannot any more. */
void gate_open(void);
void gate_close(void);

/* Around the time in which another lane goes on. `me` stands in the gate's queue meanwhile. */
void gate_leave(struct lane *me);
void gate_enter(struct lane *me);

/* pthread_cond_wait, _timedwait, _signal on its parts. */
int gate_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int gate_signal(pthread_cond_t *condition);

#endif
