/*
 * What each kernel thread knows of itself: its lane, and whether it is inside the runtime.
 * Initial-exec TLS, so that reading it needs no call and no allocation, also in a signal handler.
 */
#ifndef PRELOAD_THREAD_STATE_H
#define PRELOAD_THREAD_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/foreign.h"
#include "preload/lane.h"
#include "preload/unwind.h"

struct thread_state {
	struct lane *lane; /* NULL: not a lane (foreign thread, forked child, after the end) */
	/* > 0: in the runtime; interposers and the trap layer pass everything on */
	uint32_t inside;
	bool foreign; /* not a lane, and counted as such */
	bool ended;   /* was a lane: its thread is on its way out */
};

extern __thread struct thread_state thread_state __attribute__((tls_model("initial-exec")));

/* Enters the runtime; NULL when this call must be passed on untouched. */
static inline struct lane *thread_enter(void)
{
	struct lane *me = thread_state.lane;

	if (__builtin_expect(!me, 0)) {
		foreign_thread();
		return 0;
	}
	if (thread_state.inside)
		return 0;
	thread_state.inside = 1;
	return me;
}

/* Lets libc know of a cancellation, and acts on it where its type is asynchronous. */
void thread_cancel_now(struct lane *me);

static inline void thread_leave(struct lane *me)
{
	thread_state.inside = 0;
	if (__builtin_expect(me->cancelled && (me->cancel_unsaid || me->asynchronous), 0))
		thread_cancel_now(me);
}

/*
 * Around a call from inside the runtime into the program's own code (start routines, once
 * functions, signal handlers): interposers work in it as usual.
 */
static inline uint32_t thread_outside_begin(void)
{
	uint32_t inside = thread_state.inside;

	thread_state.inside = 0;
	return inside;
}

static inline void thread_outside_end(uint32_t inside)
{
	thread_state.inside = inside;
}

/* The interned call stack of `start`, announced in the log when it is new. Requires the turn. */
uint32_t runtime_context(const struct unwind_start *start);

#endif
