/*
 * System calls that may block on something outside: one engine for the PLT wrappers (wrap_io.c) and
 * for the trap layer (trap.c). Each first asks without blocking; not ready means the lane blocks
 * and others run.
 */
#ifndef PRELOAD_IO_H
#define PRELOAD_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"

/* Does io_call() handle this system call? */
bool io_knows(long number);

/*
 * Performs the call as the kernel would, as one operation of the lane: a scheduling point, waiting,
 * the event. Returns the kernel's result (negative errno). Requires the turn and
 * thread_state.inside. Time-outs are virtual. `arguments` may be changed. Cancellation is the
 * caller's business.
 */
long io_call(struct lane *me, long number, long arguments[6], uint32_t context);

/* A call that cannot block but is worth an event (close, shutdown): point, call, event. */
long io_simple(struct lane *me, unsigned kind, long number, long arguments[6], uint32_t context);

#endif
