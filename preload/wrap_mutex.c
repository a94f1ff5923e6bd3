/*
 * Mutexes: the real object stays in use. Under the turn the real try-lock decides, busy means
 * blocked; so recursive, error-checking, robust and priority-inheriting mutexes and static
 * initialisers work as libc has them.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>

#include "preload/child_locks.h"
#include "preload/clock.h"
#include "preload/gate.h"
#include "preload/interpose.h"
#include "preload/memory/oracle.h"
#include "preload/mutex.h"

/*
 * glibc keeps the type in the low two bits of __kind, and "process-shared" in bit 7
 * (nptl/pthreadP.h).
 */
#define KIND_TYPE 3
#define KIND_SHARED 128

static bool is_type(const pthread_mutex_t *mutex, int type)
{
	return (mutex->__data.__kind & KIND_TYPE) == type;
}

struct object *mutex_object(struct lane *me, pthread_mutex_t *mutex, uint32_t context)
{
	struct object *object = object_find(me, mutex, OBJECT_MUTEX, context);

	object->shared = mutex->__data.__kind & KIND_SHARED;
	return object;
}

void mutex_acquired(struct lane *me, struct object *object, uint32_t context)
{
	sched_taken(object, SCHED_ANY);
	if (object->owner == me && object->depth) {
		object->depth++;
		return;
	}
	object->owner = object->shared ? NULL : me;
	object->depth = 1;
	lane_hold(me, object, context);
}

void mutex_released(struct lane *me, struct object *object)
{
	if (object->depth > 1 && object->owner == me) {
		object->depth--;
		return;
	}
	object->depth = 0;
	if (object->owner)
		lane_drop(object->owner, object);
	else
		lane_drop(me, object);
	object->owner = NULL;
	sched_release(object, SCHED_ANY);
}

/*
 * Owner of an error-checking mutex asks again: libc knows the answer (EDEADLK) and does not wait.
 */
static bool relocks(struct lane *me, const pthread_mutex_t *mutex, const struct object *object)
{
	return object->owner == me && is_type(mutex, PTHREAD_MUTEX_ERRORCHECK_NP);
}

/*
 * For shared mutexes, which another process may unlock at any time. The lock itself is taken by
 * the lane's own thread, whose id libc writes into it; so this only looks whether that would
 * work.
 */
static bool looks_free(void *argument)
{
	const pthread_mutex_t *mutex = argument;

	return !(__atomic_load_n(&mutex->__data.__lock, __ATOMIC_ACQUIRE) & FUTEX_TID_MASK);
}

/*
 * A robust mutex that was given up: the real lock says so at once, while the real try-lock says so
 * and leaves it taken (nptl/pthread_mutex_trylock.c).
 */
#define NOT_RECOVERABLE (INT_MAX - 1)

static int try_for_lock(pthread_mutex_t *mutex)
{
	if (mutex->__data.__owner == NOT_RECOVERABLE && looks_free(mutex))
		return REAL(pthread_mutex_lock)(mutex);
	return REAL(pthread_mutex_trylock)(mutex);
}

/* The lane has it already, and libc answers at once. */
static bool owns_shared(struct lane *me, const pthread_mutex_t *mutex)
{
	return mutex->__data.__owner == (int)me->tid &&
	       (is_type(mutex, PTHREAD_MUTEX_RECURSIVE_NP) ||
		is_type(mutex, PTHREAD_MUTEX_ERRORCHECK_NP));
}

static int try_shared(struct lane *me, pthread_mutex_t *mutex)
{
	struct outside outside = { .attempt = looks_free, .argument = mutex };

	if (!owns_shared(me, mutex) && !sched_outside_ready(me, &outside))
		return EBUSY;
	return REAL(pthread_mutex_trylock)(mutex);
}

static int lock_shared(struct lane *me, pthread_mutex_t *mutex, struct object *object,
		       int64_t deadline)
{
	int result;

	if (owns_shared(me, mutex))
		return REAL(pthread_mutex_lock)(mutex);
	do {
		if (sched_await(me, object, looks_free, mutex, deadline, 0) == WAKE_TIMEOUT)
			return ETIMEDOUT;
		result = try_for_lock(mutex);
	} while (result == EBUSY);
	return result;
}

int mutex_lock(struct lane *me, pthread_mutex_t *mutex, struct object *object, int64_t deadline,
	       uint32_t context)
{
	int result;

	if (relocks(me, mutex, object))
		return REAL(pthread_mutex_lock)(mutex);
	if (object->shared) {
		result = lock_shared(me, mutex, object, deadline);
	} else {
		while ((result = try_for_lock(mutex)) == EBUSY)
			if (sched_block(me, object, SCHED_ANY, deadline, 0) == WAKE_TIMEOUT)
				return ETIMEDOUT;
	}
	if (result == 0 || result == EOWNERDEAD)
		mutex_acquired(me, object, context);
	return result;
}

int mutex_init(struct lane *me, pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes,
	       uint32_t context)
{
	int result = REAL(pthread_mutex_init)(mutex, attributes);

	sched_event(me, EVENT_MUTEX_INIT, object_init(me, mutex, OBJECT_MUTEX, context), context,
		    result);
	return result;
}

int mutex_destroy(struct lane *me, pthread_mutex_t *mutex, uint32_t context)
{
	struct object *object = mutex_object(me, mutex, context);
	int result;

	/* Others may be about to use it, which only an instrumented program is told. */
	if (memory_used)
		sched_point(me, EVENT_MUTEX_DESTROY, object, context, 0);
	else
		sched_begin(me, EVENT_MUTEX_DESTROY, object, context);
	result = REAL(pthread_mutex_destroy)(mutex);
	sched_done(me, result);
	if (memory_used && object->owner)
		oracle_misuse(me, object, "a mutex is destroyed that is locked");
	if (result == 0)
		object_forget(mutex);
	return result;
}

/* Where each thread may unlock what another one has locked nothing is known: it is undefined. */
static bool is_others(const struct lane *me, const struct object *object)
{
	return memory_used && object->owner && object->owner != me && !object->shared;
}

int mutex_enter(struct lane *me, pthread_mutex_t *mutex, uint32_t context)
{
	struct object *object = mutex_object(me, mutex, context);
	int result;

	sched_point(me, EVENT_MUTEX_LOCK, object, context,
		    object->owner == me || object->shared ? 0 : SCHED_ANY);
	result = mutex_lock(me, mutex, object, -1, context);
	sched_done(me, result);
	return result;
}

int mutex_try(struct lane *me, pthread_mutex_t *mutex, uint32_t context)
{
	struct object *object = mutex_object(me, mutex, context);
	bool chosen;
	int result;

	object->tried = true;
	sched_try_point(me, EVENT_MUTEX_TRYLOCK, object, context);
	chosen = !object->shared && !object->owner && sched_try_fails(me, object, SCHED_ANY);
	if (object->shared)
		result = try_shared(me, mutex);
	else
		result = chosen ? EBUSY : REAL(pthread_mutex_trylock)(mutex);
	sched_tried(me, result == EBUSY && !chosen);
	if (result == 0 || result == EOWNERDEAD)
		mutex_acquired(me, object, context);
	sched_done(me, result);
	return result;
}

int mutex_enter_until(struct lane *me, pthread_mutex_t *mutex, clockid_t clock,
		      const struct timespec *until, uint32_t context)
{
	struct object *object = mutex_object(me, mutex, context);
	int result;

	object->tried = true;
	sched_point(me, EVENT_MUTEX_TIMEDLOCK, object, context, 0);
	result = object->shared ? EBUSY : try_for_lock(mutex);
	if (result == 0 || result == EOWNERDEAD) {
		/* A time that is malformed does not matter then. */
		mutex_acquired(me, object, context);
	} else if (result == EBUSY && !relocks(me, mutex, object)) {
		int64_t deadline = clock_deadline(clock, until);

		if (clock_check(until) != 0)
			result = EINVAL;
		else if (sched_expire(me, deadline))
			result = ETIMEDOUT;
		else
			result = mutex_lock(me, mutex, object, deadline, context);
	} else if (result == EBUSY) {
		result = mutex_lock(me, mutex, object, -1, context);
	}
	sched_done(me, result);
	return result;
}

int mutex_leave(struct lane *me, pthread_mutex_t *mutex, uint32_t context)
{
	struct object *object = mutex_object(me, mutex, context);
	int result;

	sched_release_point(me, EVENT_MUTEX_UNLOCK, object, context);
	result = REAL(pthread_mutex_unlock)(mutex);
	if (result == 0 && is_others(me, object)) {
		sched_done(me, result);
		oracle_misuse(me, object, "a mutex is unlocked that another thread has locked");
	}
	if (result == 0)
		mutex_released(me, object);
	sched_done(me, result);
	return result;
}

EXPORT int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(mutex))
		return REAL(pthread_mutex_init)(mutex, attributes);
	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_init)(mutex, attributes));
	result = mutex_init(me, mutex, attributes, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(mutex))
		return REAL(pthread_mutex_destroy)(mutex);
	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_destroy)(mutex));
	result = mutex_destroy(me, mutex, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(mutex))
		return REAL(pthread_mutex_lock)(mutex);
	if (__builtin_expect(child_locks_watched, 0) && !looks_free(mutex))
		child_locks_wait(mutex);
	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_lock)(mutex));
	result = mutex_enter(me, mutex, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(mutex))
		return REAL(pthread_mutex_trylock)(mutex);
	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_trylock)(mutex));
	result = mutex_try(me, mutex, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_timedlock)(mutex, until));
	result = mutex_enter_until(me, mutex, CLOCK_REALTIME, until, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
				   const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_clocklock)(mutex, clock, until));
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		result = EINVAL;
	else
		result = mutex_enter_until(me, mutex, clock, until, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	if (gate_has(mutex))
		return REAL(pthread_mutex_unlock)(mutex);
	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_unlock)(mutex));
	result = mutex_leave(me, mutex, context);
	INTERPOSE_LEAVE(me, result);
}
