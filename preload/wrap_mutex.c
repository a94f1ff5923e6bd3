/*
 * Mutexes: the real object stays in use. Under the turn the real try-lock decides, busy means blocked; so
 * recursive, error-checking, robust and priority-inheriting mutexes and static initialisers work as libc has them.
 */
#include <errno.h>
#include <stddef.h>

#include "preload/clock.h"
#include "preload/interpose.h"
#include "preload/mutex.h"

/* glibc keeps the type in the low two bits of __kind, and "process-shared" in bit 7 (nptl/pthreadP.h). */
#define KIND_TYPE 3
#define KIND_SHARED 128

static bool is_errorcheck(const pthread_mutex_t *mutex)
{
	return (mutex->__data.__kind & KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK_NP;
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

/* Owner of an error-checking mutex asks again: libc knows the answer (EDEADLK) and does not wait. */
static bool relocks(struct lane *me, const pthread_mutex_t *mutex, const struct object *object)
{
	return object->owner == me && is_errorcheck(mutex);
}

/* For shared mutexes: another process may unlock at any time, so its lanes try again. */
struct shared_try {
	pthread_mutex_t *mutex;
	int result;
};

static bool try_shared(void *argument)
{
	struct shared_try *attempt = argument;

	attempt->result = REAL(pthread_mutex_trylock)(attempt->mutex);
	return attempt->result != EBUSY;
}

static int lock_shared(struct lane *me, pthread_mutex_t *mutex, int64_t deadline)
{
	struct shared_try attempt = {.mutex = mutex};
	struct outside outside = {.attempt = try_shared, .argument = &attempt};

	while (!sched_outside_ready(me, &outside))
		if (sched_block_outside(me, &outside, deadline, 0) == WAKE_TIMEOUT)
			return ETIMEDOUT;
	return attempt.result;
}

int mutex_lock(struct lane *me, pthread_mutex_t *mutex, struct object *object, int64_t deadline,
	       uint32_t context)
{
	int result;

	if (relocks(me, mutex, object))
		return REAL(pthread_mutex_lock)(mutex);
	if (object->shared) {
		result = lock_shared(me, mutex, deadline);
	} else {
		while ((result = REAL(pthread_mutex_trylock)(mutex)) == EBUSY)
			if (sched_block(me, object, SCHED_ANY, deadline, 0) == WAKE_TIMEOUT)
				return ETIMEDOUT;
	}
	if (result == 0 || result == EOWNERDEAD)
		mutex_acquired(me, object, context);
	return result;
}

EXPORT int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_init)(mutex, attributes));
	result = REAL(pthread_mutex_init)(mutex, attributes);
	sched_event(me, EVENT_MUTEX_INIT, object_init(me, mutex, OBJECT_MUTEX, context), context,
		    result);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_destroy)(mutex));
	result = REAL(pthread_mutex_destroy)(mutex);
	sched_event(me, EVENT_MUTEX_DESTROY, mutex_object(me, mutex, context), context, result);
	if (result == 0)
		object_forget(mutex);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_lock)(mutex));
	object = mutex_object(me, mutex, context);
	sched_point(me, EVENT_MUTEX_LOCK, object, context, object->owner == me ? 0 : SCHED_ANY);
	result = mutex_lock(me, mutex, object, -1, context);
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_trylock)(mutex));
	object = mutex_object(me, mutex, context);
	sched_point(me, EVENT_MUTEX_TRYLOCK, object, context, 0);
	if (object->owner != me && sched_choose(me, DECISION_TRYLOCK, 2))
		result = EBUSY;
	else
		result = REAL(pthread_mutex_trylock)(mutex);
	if (result == 0 || result == EOWNERDEAD)
		mutex_acquired(me, object, context);
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}

static int timed_lock(struct lane *me, pthread_mutex_t *mutex, clockid_t clock,
		      const struct timespec *until, uint32_t context)
{
	struct object *object = mutex_object(me, mutex, context);
	int result;

	sched_point(me, EVENT_MUTEX_TIMEDLOCK, object, context, 0);
	result = REAL(pthread_mutex_trylock)(mutex);
	if (result == 0 || result == EOWNERDEAD) /* a time that is malformed does not matter then */
		mutex_acquired(me, object, context);
	else if (result == EBUSY && !relocks(me, mutex, object) && clock_check(until) != 0)
		result = EINVAL;
	else if (result == EBUSY)
		result = mutex_lock(me, mutex, object, clock_deadline(clock, until), context);
	sched_done(me, result);
	return result;
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_timedlock)(mutex, until));
	result = timed_lock(me, mutex, CLOCK_REALTIME, until, context);
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
		result = timed_lock(me, mutex, clock, until, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_mutex_unlock)(mutex));
	object = mutex_object(me, mutex, context);
	result = REAL(pthread_mutex_unlock)(mutex);
	if (result == 0)
		mutex_released(me, object);
	sched_event(me, EVENT_MUTEX_UNLOCK, object, context, result);
	INTERPOSE_LEAVE(me, result);
}
