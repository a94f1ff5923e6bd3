/*
 * Semaphores: the real object counts. Under the turn the real try-wait decides, none left means
 * blocked; which waiter a post wakes is a choice. Named and process-shared ones may be posted by
 * other processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>

#include "preload/child_locks.h"
#include "preload/clock.h"
#include "preload/gate.h"
#include "preload/interpose.h"
#include "preload/threads.h"

/*
 * glibc: struct new_sem is { uint64_t data; int private; int pad; }, 0 for semaphores of one
 * process.
 */
static bool is_shared(const sem_t *sem)
{
	return ((const int *)sem)[2] != 0;
}

/*
 * The locks of an interpreter are semaphores (CPython's Python/thread_pthread.h): its own code
 * makes them, with the value 1. Their events are those of mutexes, but whoever likes may release
 * one, so that nobody can be said to have to.
 */
static struct object *sem_object(struct lane *me, sem_t *sem, uint32_t context)
{
	struct object *object = gate_code ? object_peek(sem, OBJECT_LOCK) : NULL;

	if (!object)
		object = object_find(me, sem, OBJECT_SEM, context);
	object->shared = is_shared(sem);
	return object;
}

static unsigned kind_of(const struct object *object, unsigned kind)
{
	if (object->kind != OBJECT_LOCK)
		return kind;
	switch (kind) {
	case EVENT_SEM_INIT:
		return EVENT_MUTEX_INIT;
	case EVENT_SEM_DESTROY:
		return EVENT_MUTEX_DESTROY;
	case EVENT_SEM_WAIT:
		return EVENT_MUTEX_LOCK;
	case EVENT_SEM_TRYWAIT:
		return EVENT_MUTEX_TRYLOCK;
	case EVENT_SEM_TIMEDWAIT:
		return EVENT_MUTEX_TIMEDLOCK;
	default:
		return EVENT_MUTEX_UNLOCK;
	}
}

/* As errno is not ours to touch before the end: 0 or an error number. */
static int try_real(sem_t *sem)
{
	int saved = errno, result = REAL(sem_trywait)(sem) == 0 ? 0 : errno;

	errno = saved;
	return result;
}

static bool may_take(void *argument)
{
	int value = 0;

	sem_getvalue(argument, &value);
	return value > 0;
}

/*
 * Other processes take it too: whoever looks for the lane whether it may go on takes it at once. A
 * semaphore does not know who has it.
 */
struct shared_take {
	sem_t *sem;
	int result;
};

static bool take_now(void *argument)
{
	struct shared_take *wait = argument;

	wait->result = try_real(wait->sem);
	return wait->result != EAGAIN;
}

static int take_shared(struct lane *me, sem_t *sem, struct object *object, int64_t deadline,
		       unsigned flags)
{
	struct shared_take wait = { .sem = sem };

	switch (sched_await(me, object, take_now, &wait, deadline, flags)) {
	case WAKE_TIMEOUT:
		return ETIMEDOUT;
	case WAKE_SIGNAL:
		return EINTR;
	default:
		return wait.result;
	}
}

static int take(struct lane *me, sem_t *sem, struct object *object, int64_t deadline)
{
	/* The kernel restarts only waits without a time-out. */
	unsigned flags = SCHED_INTERRUPTIBLE | SCHED_CANCELABLE |
			 (deadline < 0 ? SCHED_RESTARTABLE : 0);
	int result;

	if (object->shared)
		return take_shared(me, sem, object, deadline, flags);
	result = try_real(sem);
	if (result == EAGAIN && sched_expire(me, deadline))
		return ETIMEDOUT;
	while (result == EAGAIN) {
		switch (sched_block(me, object, SCHED_ANY, deadline, flags)) {
		case WAKE_TIMEOUT:
			return ETIMEDOUT;
		case WAKE_SIGNAL:
			return EINTR;
		default:
			break;
		}
		result = try_real(sem);
	}
	return result;
}

/* One that has taken the last makes the others wait that stand before their sem_wait. */
static void taken(struct lane *me, sem_t *sem, struct object *object, uint32_t context)
{
	if (!object->shared && !may_take(sem))
		sched_taken(object, SCHED_ANY);
	if (object->kind == OBJECT_LOCK)
		lane_hold(me, object, context);
}

/* Whoever had the lock, which need not be the lane that releases it. */
static void given_back(struct object *object)
{
	struct lane *holder = lane_by_number(object->holder_number);

	if (holder)
		lane_drop(holder, object);
	object->holder_number = 0;
	sched_release(object, SCHED_ANY);
}

static int wait_for(struct lane *me, sem_t *sem, unsigned kind, int64_t deadline, uint32_t context)
{
	struct object *object = sem_object(me, sem, context);
	int result;

	sched_point(me, kind_of(object, kind), object, context,
		    kind == EVENT_SEM_WAIT && !object->shared ? SCHED_ANY : 0);
	if (me->cancelled) /* also when it would not have to wait (POSIX) */
		threads_testcancel();
	result = take(me, sem, object, deadline);
	if (result == 0)
		taken(me, sem, object, context);
	sched_done(me, result);
	return result;
}

static int finish(struct lane *me, int result)
{
	thread_leave(me);
	if (result == 0)
		return 0;
	errno = result;
	return -1;
}

EXPORT int sem_init(sem_t *sem, int shared, unsigned value)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result, error;

	INTERPOSE_ENTER(me, context, REAL(sem_init)(sem, shared, value));
	result = REAL(sem_init)(sem, shared, value);
	error = result == 0 ? 0 : errno;
	if (result == 0) {
		object = object_init(me, sem,
				     value == 1 && !shared &&
						     gate_is_code(__builtin_return_address(0))
					     ? OBJECT_LOCK
					     : OBJECT_SEM,
				     context);
		object->shared = shared != 0;
		sched_event(me, kind_of(object, EVENT_SEM_INIT), object, context, 0);
	}
	return finish(me, error);
}

EXPORT int sem_destroy(sem_t *sem)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(sem_destroy)(sem));
	object = sem_object(me, sem, context);
	sched_event(me, kind_of(object, EVENT_SEM_DESTROY), object, context, 0);
	result = REAL(sem_destroy)(sem);
	object_forget(sem);
	INTERPOSE_LEAVE(me, result);
}

/* The mapping of a named semaphore may go, and its address be used again. */
EXPORT int sem_close(sem_t *sem)
{
	struct lane *me = thread_enter();

	if (me) {
		object_forget(sem);
		thread_leave(me);
	}
	return REAL(sem_close)(sem);
}

EXPORT int sem_wait(sem_t *sem)
{
	struct lane *me;
	uint32_t context;

	if (__builtin_expect(child_locks_watched, 0) && !may_take(sem))
		child_locks_wait(sem);
	INTERPOSE_ENTER(me, context, REAL(sem_wait)(sem));
	return finish(me, wait_for(me, sem, EVENT_SEM_WAIT, -1, context));
}

EXPORT int sem_trywait(sem_t *sem)
{
	struct shared_take wait = { .sem = sem };
	struct outside outside = { .attempt = take_now, .argument = &wait };
	struct object *object;
	struct lane *me;
	uint32_t context;
	bool chosen;
	int result;

	INTERPOSE_ENTER(me, context, REAL(sem_trywait)(sem));
	object = sem_object(me, sem, context);
	sched_try_point(me, kind_of(object, EVENT_SEM_TRYWAIT), object, context);
	chosen = !object->shared && object->kind != OBJECT_LOCK && may_take(sem) &&
		 sched_try_fails(me, object, SCHED_ANY);
	if (object->shared)
		result = sched_outside_ready(me, &outside) ? wait.result : EAGAIN;
	else
		result = chosen ? EAGAIN : try_real(sem);
	sched_tried(me, result == EAGAIN && !chosen);
	if (result == 0)
		taken(me, sem, object, context);
	/* A lock says it in its own words. */
	sched_done(me, result == EAGAIN && object->kind == OBJECT_LOCK ? EBUSY : result);
	return finish(me, result);
}

EXPORT int sem_timedwait(sem_t *sem, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(sem_timedwait)(sem, until));
	if (clock_check(until) != 0)
		return finish(me, EINVAL);
	return finish(me, wait_for(me, sem, EVENT_SEM_TIMEDWAIT,
				   clock_deadline(CLOCK_REALTIME, until), context));
}

EXPORT int sem_clockwait(sem_t *sem, clockid_t clock, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(sem_clockwait)(sem, clock, until));
	if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || clock_check(until) != 0)
		return finish(me, EINVAL);
	return finish(me, wait_for(me, sem, EVENT_SEM_TIMEDWAIT, clock_deadline(clock, until),
				   context));
}

static int release_lock(struct lane *me, sem_t *sem, struct object *object, uint32_t context)
{
	int result;

	sched_begin(me, EVENT_MUTEX_UNLOCK, object, context);
	result = REAL(sem_post)(sem) == 0 ? 0 : errno;
	if (result == 0)
		given_back(object);
	sched_done(me, result);
	return result;
}

EXPORT int sem_post(sem_t *sem)
{
	struct object *object;
	struct lane *me;
	uint32_t context, woken = 0;
	int result;

	INTERPOSE_ENTER(me, context, REAL(sem_post)(sem));
	object = sem_object(me, sem, context);
	if (object->kind == OBJECT_LOCK)
		return finish(me, release_lock(me, sem, object, context));
	sched_point(me, EVENT_SEM_POST, object, context, 0);
	result = REAL(sem_post)(sem) == 0 ? 0 : errno;
	if (object->shared)
		sched_release(object, SCHED_ANY);
	else if (result == 0)
		woken = sched_wake(me, object, SCHED_ANY, 1);
	sched_done_value(me, result, woken);
	return finish(me, result);
}
