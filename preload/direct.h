/*
 * Functions of libc that are one system call and nothing else. Under the tape that call would be
 * trapped inside libc, and a SIGSYS with its return costs several calls: it is made here instead,
 * as libc makes it, so that the tape has the same record by either way.
 */
#ifndef PRELOAD_DIRECT_H
#define PRELOAD_DIRECT_H

#include <errno.h>

#include "preload/lane.h"
#include "preload/tape.h"
#include "preload/thread_state.h"

/* Does the tape take calls of this thread? Then it is in the runtime until direct_end(). */
static inline bool direct_begin(uint32_t *inside)
{
	struct lane *me = thread_state.lane;

	if (tape_mode == TAPE_OFF || !me || schedule.current != me)
		return false;
	*inside = thread_state.inside;
	thread_state.inside = 1;
	return true;
}

static inline long direct_end(uint32_t inside, long result)
{
	thread_state.inside = inside;
	if (result >= 0 || result <= -4096)
		return result;
	errno = (int)-result;
	return -1;
}

/* DIRECT(call of the real function, number and arguments of the system call). */
#define DIRECT(real_call, ...)                                                          \
	({                                                                              \
		uint32_t inside_;                                                       \
		direct_begin(&inside_)                                                  \
			? (__typeof__(real_call))direct_end(inside_, tape(__VA_ARGS__)) \
			: real_call;                                                    \
	})

#endif
