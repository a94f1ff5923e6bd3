/*
 * Guards of C++ static locals (Itanium C++ ABI, 3.3.3): the first byte says "initialised". All
 * three functions are our own, with libstdc++'s layout and protocol, because the libraries that
 * have them may be loaded late and privately, where nothing finds theirs. A thread that comes
 * back to a guard which it is initialising waits for itself, as with libstdc++: a deadlock.
 */
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>

#include "preload/interpose.h"
#include "preload/raw.h"

/* libstdc++-v3/libsupc++/guard.cc, the variant for futexes; the guard as a 32-bit word. */
#define GUARD_DONE 1
#define GUARD_PENDING (1 << 8)
#define GUARD_WAITING (1 << 16)

EXPORT int __cxa_guard_acquire(int64_t *guard);
EXPORT void __cxa_guard_release(int64_t *guard);
EXPORT void __cxa_guard_abort(int64_t *guard);

static int *word_of(int64_t *guard)
{
	return (int *)guard;
}

static int state_of(void *guard)
{
	return __atomic_load_n(word_of(guard), __ATOMIC_ACQUIRE);
}

static bool not_pending(void *guard)
{
	return !(state_of(guard) & GUARD_PENDING);
}

/* 1: initialise it, 0: that was done; -1: somebody else is at it, `*seen` is the word. */
static int try_acquire(int64_t *guard, int *seen)
{
	*seen = 0;
	if (__atomic_compare_exchange_n(word_of(guard), seen, GUARD_PENDING, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return 1;
	return *seen & GUARD_PENDING ? -1 : 0;
}

/* For threads that are not lanes. */
static int acquire_outside(int64_t *guard)
{
	int result, seen;

	while ((result = try_acquire(guard, &seen)) < 0) {
		if (!(seen & GUARD_WAITING) &&
		    !__atomic_compare_exchange_n(word_of(guard), &seen, seen | GUARD_WAITING, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			continue;
		raw(SYS_futex, guard, FUTEX_WAIT, seen | GUARD_WAITING, 0, 0, 0);
	}
	return result;
}

static void end_outside(int64_t *guard, int state)
{
	if (__atomic_exchange_n(word_of(guard), state, __ATOMIC_ACQ_REL) & GUARD_WAITING)
		raw(SYS_futex, guard, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}

EXPORT int __cxa_guard_acquire(int64_t *guard)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result, seen;

	INTERPOSE_ENTER(me, context, acquire_outside(guard));
	object = object_find(me, guard, OBJECT_GUARD, context);
	sched_point(me, EVENT_GUARD_ACQUIRE, object, context, object->owner == me ? 0 : SCHED_ANY);
	while ((result = try_acquire(guard, &seen)) < 0) {
		if (object->owner)
			sched_block(me, object, SCHED_ANY, -1, 0);
		else
			sched_await(me, object, not_pending, guard, -1, SCHED_NO_DEADLOCK);
	}
	if (result) {
		sched_taken(object, SCHED_ANY);
		object->owner = me;
		lane_hold(me, object, context);
	}
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}

static void end(struct lane *me, int64_t *guard, unsigned kind, int state, uint32_t context)
{
	struct object *object = object_find(me, guard, OBJECT_GUARD, context);

	end_outside(guard, state);
	lane_drop(me, object);
	object->owner = NULL;
	sched_release(object, SCHED_ANY);
	sched_event(me, kind, object, context, 0);
}

EXPORT void __cxa_guard_release(int64_t *guard)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, end_outside(guard, GUARD_DONE));
	end(me, guard, EVENT_GUARD_RELEASE, GUARD_DONE, context);
	thread_leave(me);
}

/* The initialiser has thrown. */
EXPORT void __cxa_guard_abort(int64_t *guard)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, end_outside(guard, 0));
	end(me, guard, EVENT_GUARD_ABORT, 0, context);
	thread_leave(me);
}
