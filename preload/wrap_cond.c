/*
 * Condition variables: fully modelled. The queue of waiters is ours, so which one a signal wakes is a choice, and
 * so is a spurious wake-up. Variables shared with other processes keep the real object, see wait_shared().
 */
#include <errno.h>
#include <stddef.h>

#include "preload/clock.h"
#include "preload/interpose.h"
#include "preload/mutex.h"
#include "preload/raw.h"

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
 * Another process may signal: the real wait, in short slices, for as long as nobody else here can run; a wait
 * that ends too early is a spurious wake-up, which every correct program expects.
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

/* Cancelled while waiting: the mutex is locked again before the cleanup handlers run (POSIX). */
static void act_on_cancel(void)
{
	uint32_t inside = thread_outside_begin();

	REAL(pthread_testcancel)();
	thread_outside_end(inside);
}

static int wait_on(struct lane *me, pthread_cond_t *cond, pthread_mutex_t *mutex, unsigned kind,
		int64_t deadline, uint32_t context)
{
	struct object *object = cond_object(me, cond, context);
	struct object *lock = mutex_object(me, mutex, context);
	enum lane_wake wake;
	int result, locked;

	sched_point(me, kind, object, context, 0);
	sched_second(me, lock);
	if (object->shared) {
		result = wait_shared(me, cond, mutex, lock, deadline, context);
		sched_done(me, result);
		return result;
	}
	if (me->cancelled)
		act_on_cancel();
	result = REAL(pthread_mutex_unlock)(mutex);
	if (result != 0) { /* EPERM: an error-checking mutex that is not ours */
		sched_done(me, result);
		return result;
	}
	mutex_released(me, lock);
	sched_done(me, 0);

	sched_begin(me, EVENT_COND_WOKEN, object, context);
	sched_second(me, lock);
	if (sched_choose(me, DECISION_SPURIOUS, 2))
		wake = WAKE_NORMAL;
	else
		wake = sched_block(me, object, SCHED_ANY, deadline, SCHED_CANCELABLE);
	locked = mutex_lock(me, mutex, lock, -1, context);
	result = wake == WAKE_TIMEOUT ? ETIMEDOUT : 0;
	if (locked != 0)
		result = locked;
	sched_done(me, result);
	if (wake == WAKE_CANCEL)
		act_on_cancel();
	return result;
}

EXPORT int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attributes)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_cond_init)(cond, attributes));
	result = REAL(pthread_cond_init)(cond, attributes);
	sched_event(me, EVENT_COND_INIT, object_init(me, cond, OBJECT_COND, context), context,
		    result);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_cond_destroy(pthread_cond_t *cond)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(pthread_cond_destroy)(cond));
	sched_event(me, EVENT_COND_DESTROY, cond_object(me, cond, context), context, 0);
	object_forget(cond);
	INTERPOSE_LEAVE(me, 0);
}

EXPORT int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_cond_wait)(cond, mutex));
	result = wait_on(me, cond, mutex, EVENT_COND_WAIT, -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until)
{
	clockid_t clock = cond->__data.__wrefs & WREFS_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME;
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_cond_timedwait)(cond, mutex, until));
	result = clock_check(until);
	if (result == 0)
		result = wait_on(me, cond, mutex, EVENT_COND_TIMEDWAIT, clock_deadline(clock, until),
			      context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
				  const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_cond_clockwait)(cond, mutex, clock, until));
	result = clock_check(until);
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		result = EINVAL;
	if (result == 0)
		result = wait_on(me, cond, mutex, EVENT_COND_TIMEDWAIT, clock_deadline(clock, until),
			      context);
	INTERPOSE_LEAVE(me, result);
}

static int signal_waiters(struct lane *me, pthread_cond_t *cond, unsigned kind, uint32_t most,
			  uint32_t context)
{
	struct object *object = cond_object(me, cond, context);
	uint32_t woken;

	sched_point(me, kind, object, context, 0);
	if (object->shared) {
		int result = kind == EVENT_COND_SIGNAL ? REAL(pthread_cond_signal)(cond) :
							 REAL(pthread_cond_broadcast)(cond);

		sched_done(me, result);
		return result;
	}
	woken = sched_wake(me, object, SCHED_ANY, most);
	sched_done_value(me, 0, woken);
	return 0;
}

EXPORT int pthread_cond_signal(pthread_cond_t *cond)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_cond_signal)(cond));
	result = signal_waiters(me, cond, EVENT_COND_SIGNAL, 1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_cond_broadcast(pthread_cond_t *cond)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_cond_broadcast)(cond));
	result = signal_waiters(me, cond, EVENT_COND_BROADCAST, UINT32_MAX, context);
	INTERPOSE_LEAVE(me, result);
}
