/*
 * What every interposer begins and ends with.
 */
#ifndef PRELOAD_INTERPOSE_H
#define PRELOAD_INTERPOSE_H

#include "preload/real.h"
#include "preload/sched.h"
#include "preload/thread_state.h"

#define EXPORT __attribute__((visibility("default")))

/* Interns the caller's stack. Only in the body of the exported function itself. */
#define CONTEXT_HERE(me_)                                 \
	({                                                \
		(me_)->last = unwind_here(&(me_)->stack); \
		runtime_context(&(me_)->last);            \
	})

/*
 * `otherwise` is returned when the calling thread is not a lane, or is inside the runtime already.
 */
#define INTERPOSE_ENTER(me_, context_, otherwise) \
	do {                                      \
		(me_) = thread_enter();           \
		if (__builtin_expect(!(me_), 0))  \
			return otherwise;         \
		(context_) = CONTEXT_HERE(me_);   \
	} while (0)

#define INTERPOSE_LEAVE(me_, value_) \
	do {                         \
		thread_leave(me_);   \
		return value_;       \
	} while (0)

#endif
