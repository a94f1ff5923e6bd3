/*
 * Condition variables: fully modelled. The queue of waiters is ours, so which one a signal wakes is
 * a choice, and so is a spurious wake-up. Variables shared with other processes keep the real
 * object, see wait_shared().
 */
#include <errno.h>
#include <stddef.h>

#include "preload/clock.h"
#include "preload/foreign.h"
#include "preload/gate.h"
#include "preload/interpose.h"
#include "preload/mutex.h"
#include "preload/raw.h"
#include "preload/threads.h"

/* glibc: bit 0 of __wrefs is "process-shared", bit 1 the clock (nptl/pthread_cond_common.c). */
#define WREFS_SHARED 1
#define WREFS_MONOTONIC 2
#define SHARED_SLICE_NS 1000000

static struct object *cond_object(struct lane *me, pthread_cond_t *cond, uint32_t context)
{
	struct object *object = object_find(me, cond, OBJECT_COND, context);

	object->shared = cond->__data.__wrefs & WREFS_SHARED;
	return object;
}

/*
 * Another process may signal: the real wait, in short slices, after others have had their turn; a
 * wait that ends too early is a spurious wake-up, which every correct program expects.
 */
static int wait_shared(struct lane *me, pthread_cond_t *cond, pthread_mutex_t *mutex,
		       struct object *lock, int64_t deadline, uint32_t context)
{
	struct timespec until;
	int result;

	mutex_released(me, lock);
	raw(SYS_clock_gettime,
	    cond->__data.__wrefs & WREFS_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME, &until);
	until.tv_nsec += SHARED_SLICE_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	result = REAL(pthread_cond_timedwait)(cond, mutex, &until);
	mutex_acquired(me, lock, context);
	if (result == ETIMEDOUT && deadline >= 0) {
		schedule.now += SHARED_SLICE_NS;
		if (schedule.now >= deadline)
			return ETIMEDOUT;
	}
	return result == ETIMEDOUT ? 0 : result;
}

/*
 * Until a signal, or none: what else wakes the lane may have kept it from being there when a signal
 * came, and so is a spurious wake-up. A cancellation counts only where it is enabled.
 */
static enum lane_wake wait_for_signal(struct lane *me, struct object *object, int64_t deadline)
{
	enum lane_wake wake;

	if (deadline >= 0 && deadline <= schedule.now)
		return WAKE_TIMEOUT;
	if (sched_choose(me, DECISION_SPURIOUS, 2))
		return WAKE_NORMAL;
	if (sched_expire(me, deadline))
		return WAKE_TIMEOUT;
	wake = sched_block(me, object, SCHED_ANY, deadline, SCHED_CANCELABLE | SCHED_CANCEL_LATER);
	return wake == WAKE_CANCEL && !threads_cancel_enabled() ? WAKE_NORMAL : wake;
}

int cond_wait(struct lane *me, pthread_cond_t *cond, pthread_mutex_t *mutex, unsigned kind,
	      int64_t deadline, uint32_t context)
{
	struct object *object = cond_object(me, cond, context);
	struct object *lock = mutex_object(me, mutex, context);
	enum lane_wake wake;
	int result, locked;

	if (object->shared) {
		sched_yield_point(me, kind, context);
		me->object = object;
		sched_second(me, lock);
		result = wait_shared(me, cond, mutex, lock, deadline, context);
		sched_done(me, result);
		return result;
	}
	sched_point(me, kind, object, context, 0);
	sched_second(me, lock);
	if (me->cancelled)
		threads_testcancel();
	result = REAL(pthread_mutex_unlock)(mutex);
	if (result != 0) { /* EPERM: an error-checking mutex that is not ours */
		sched_done(me, result);
		return result;
	}
	mutex_released(me, lock);
	sched_done(me, 0);

	sched_begin(me, EVENT_COND_WOKEN, object, context);
	sched_second(me, lock);
	wake = wait_for_signal(me, object, deadline);
	locked = mutex_lock(me, mutex, lock, -1, context);
	result = wake == WAKE_TIMEOUT ? ETIMEDOUT : 0;
	if (locked != 0)
		result = locked;
	sched_done(me, result);
	if (wake == WAKE_CANCEL) /* with the mutex, which cleanup handlers unlock (POSIX) */
		threads_testcancel();
	return result;
}

int cond_init(struct lane *me, pthread_cond_t *cond, const pthread_condattr_t *attributes,
	      uint32_t context)
{
	int result = REAL(pthread_cond_init)(cond, attributes);

	sched_event(me, EVENT_COND_INIT, object_init(me, cond, OBJECT_COND, context), context,
		    result);
	return result;
}

void cond_destroy(struct lane *me, pthread_cond_t *cond, uint32_t context)
{
	sched_event(me, EVENT_COND_DESTROY, cond_object(me, cond, context), context, 0);
	object_forget(cond);
}

int cond_wake(struct lane *me, pthread_cond_t *cond, unsigned kind, uint32_t context)
{
	struct object *object = cond_object(me, cond, context);
	uint32_t woken;

	sched_point(me, kind, object, context, 0);
	if (object->shared) {
		int result = kind == EVENT_COND_SIGNAL ? REAL(pthread_cond_signal)(cond)
						       : REAL(pthread_cond_broadcast)(cond);

		sched_done(me, result);
		return result;
	}
	woken = sched_wake(me, object, SCHED_ANY, kind == EVENT_COND_SIGNAL ? 1 : UINT32_MAX);
	sched_done_value(me, 0, woken);
	return 0;
}

EXPORT int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attributes)
{
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(cond))
		return REAL(pthread_cond_init)(cond, attributes);
	INTERPOSE_ENTER(me, context, REAL(pthread_cond_init)(cond, attributes));
	result = cond_init(me, cond, attributes, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_cond_destroy(pthread_cond_t *cond)
{
	struct lane *me;
	uint32_t context;

	if (gate_has(cond))
		return REAL(pthread_cond_destroy)(cond);
	INTERPOSE_ENTER(me, context, REAL(pthread_cond_destroy)(cond));
	cond_destroy(me, cond, context);
	INTERPOSE_LEAVE(me, 0);
}

EXPORT int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(cond))
		return gate_wait(cond, mutex);
	INTERPOSE_ENTER(me, context, REAL(pthread_cond_wait)(cond, mutex));
	result = cond_wait(me, cond, mutex, EVENT_COND_WAIT, -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until)
{
	clockid_t clock = cond->__data.__wrefs & WREFS_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME;
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(cond))
		return gate_wait(cond, mutex);
	INTERPOSE_ENTER(me, context, REAL(pthread_cond_timedwait)(cond, mutex, until));
	result = clock_check(until);
	if (result == 0)
		result = cond_wait(me, cond, mutex, EVENT_COND_TIMEDWAIT,
				   clock_deadline(clock, until), context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
				  const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(cond))
		return gate_wait(cond, mutex);
	INTERPOSE_ENTER(me, context, REAL(pthread_cond_clockwait)(cond, mutex, clock, until));
	result = clock_check(until);
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		result = EINVAL;
	if (result == 0)
		result = cond_wait(me, cond, mutex, EVENT_COND_TIMEDWAIT,
				   clock_deadline(clock, until), context);
	INTERPOSE_LEAVE(me, result);
}

/* A thread that is not a lane may wake lanes, and others of its kind. */
static int signal_by_foreigner(pthread_cond_t *cond, uint32_t most)
{
	if (!thread_state.lane)
		foreign_wake(cond, OBJECT_COND, most);
	return most == 1 ? REAL(pthread_cond_signal)(cond) : REAL(pthread_cond_broadcast)(cond);
}

EXPORT int pthread_cond_signal(pthread_cond_t *cond)
{
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(cond))
		return gate_signal(cond);
	INTERPOSE_ENTER(me, context, signal_by_foreigner(cond, 1));
	result = cond_wake(me, cond, EVENT_COND_SIGNAL, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_cond_broadcast(pthread_cond_t *cond)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, signal_by_foreigner(cond, UINT32_MAX));
	result = cond_wake(me, cond, EVENT_COND_BROADCAST, context);
	INTERPOSE_LEAVE(me, result);
}
