/*
 * Read-write locks: the real object stays in use, by its try-operations. The real one never sees
 * a writer that waits, so that is modelled here: with
 * PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP it keeps new readers out, which is what makes a
 * reader that reads again behind it a deadlock.
 */
#include <errno.h>
#include <stddef.h>

#include "preload/clock.h"
#include "preload/interpose.h"

/* Waiter tags; deadlock.c takes those of the other tag for the ones to wait for. */
enum { READER = 1, WRITER = 2 };

/*
 * glibc since 2.25: __readers is readers << 3 and three bits (nptl/pthreadP.h,
 * pthread_rwlock_common.c).
 */
#define WRITE_PHASE 1
#define WRITE_LOCKED 2
#define READER_SHIFT 3

static bool prefers_writers(const pthread_rwlock_t *lock)
{
	return lock->__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

static struct object *rwlock_object(struct lane *me, pthread_rwlock_t *lock, uint32_t context)
{
	struct object *object = object_find(me, lock, OBJECT_RWLOCK, context);

	object->shared = lock->__data.__shared != 0;
	return object;
}

/*
 * A writer has come and waits. Only for locks that prefer writers: there all on the queue have
 * come.
 */
static bool writer_waits(const struct object *object)
{
	const struct lane *lane;

	for (lane = object->first_waiter; lane; lane = lane->wait_next)
		if (lane->wait_tag == WRITER)
			return true;
	return false;
}

/*
 * Shared locks: another process may unlock at any time. The lock is taken by the lane's own
 * thread, whose id libc writes into it; these only look whether that would work.
 */
static bool may_read(void *argument)
{
	const pthread_rwlock_t *lock = argument;
	unsigned word = __atomic_load_n(&lock->__data.__readers, __ATOMIC_ACQUIRE);

	return !(word & WRITE_LOCKED) || (!(word & WRITE_PHASE) && !prefers_writers(lock));
}

static bool may_write(void *argument)
{
	const pthread_rwlock_t *lock = argument;
	unsigned word = __atomic_load_n(&lock->__data.__readers, __ATOMIC_ACQUIRE);

	return !(word & WRITE_LOCKED) && !(word >> READER_SHIFT);
}

static int try_real(pthread_rwlock_t *lock, struct object *object, unsigned tag)
{
	if (tag == WRITER)
		return REAL(pthread_rwlock_trywrlock)(lock);
	if (!object->shared && prefers_writers(lock) && writer_waits(object))
		return EBUSY;
	return REAL(pthread_rwlock_tryrdlock)(lock);
}

static void acquired(struct lane *me, struct object *object, unsigned tag, uint32_t context)
{
	if (tag == WRITER) {
		sched_taken(object, SCHED_ANY);
		object->owner = object->shared ? NULL : me;
	} else {
		if (!object->shared)
			sched_taken(object, WRITER);
		object->readers++;
	}
	lane_hold(me, object, context);
}

static bool writes(struct lane *me, const pthread_rwlock_t *lock)
{
	return __atomic_load_n(&lock->__data.__cur_writer, __ATOMIC_RELAXED) == (int)me->tid;
}

/* Waits until the lock is taken: 0, ETIMEDOUT or what libc says. */
static int wait_for(struct lane *me, pthread_rwlock_t *lock, struct object *object, unsigned tag,
		    int64_t deadline)
{
	int result = object->shared ? EBUSY : try_real(lock, object, tag);

	if (result == EBUSY && sched_expire(me, deadline))
		return ETIMEDOUT;
	while (result == EBUSY) {
		enum lane_wake wake = object->shared
					      ? sched_await(me, object,
							    tag == WRITER ? may_write : may_read,
							    lock, deadline, 0)
					      : sched_block(me, object, tag, deadline, 0);

		if (wake == WAKE_TIMEOUT) {
			/* Readers may have waited behind this writer. */
			if (tag == WRITER && prefers_writers(lock) && !writer_waits(object))
				sched_release(object, READER);
			return ETIMEDOUT;
		}
		result = try_real(lock, object, tag);
	}
	return result;
}

/*
 * The tag at the point disables lanes that stand before an operation which would have to wait.
 * Where writers are preferred a writer must come to wait instead, because others see that.
 */
static uint32_t tag_at_point(struct lane *me, const pthread_rwlock_t *lock,
			     const struct object *object, unsigned tag)
{
	if (object->shared || writes(me, lock))
		return 0;
	return prefers_writers(lock) ? 0 : tag;
}

static int take(struct lane *me, pthread_rwlock_t *lock, unsigned kind, unsigned tag,
		int64_t deadline, uint32_t context)
{
	struct object *object = rwlock_object(me, lock, context);
	int result;

	object->tried = object->tried || deadline >= 0;
	sched_point(me, kind, object, context,
		    deadline < 0 ? tag_at_point(me, lock, object, tag) : 0);
	if (writes(me, lock)) {
		result = EDEADLK;
	} else {
		result = wait_for(me, lock, object, tag, deadline);
		if (result == 0)
			acquired(me, object, tag, context);
	}
	sched_done(me, result);
	return result;
}

static int take_until(struct lane *me, pthread_rwlock_t *lock, unsigned tag, clockid_t clock,
		      const struct timespec *until, uint32_t context)
{
	if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || clock_check(until) != 0)
		return EINVAL;
	return take(me, lock, tag == WRITER ? EVENT_RWLOCK_TIMEDWRLOCK : EVENT_RWLOCK_TIMEDRDLOCK,
		    tag, clock_deadline(clock, until), context);
}

static int try_to_take(struct lane *me, pthread_rwlock_t *lock, unsigned tag, uint32_t context)
{
	struct object *object = rwlock_object(me, lock, context);
	struct outside outside = { .attempt = tag == WRITER ? may_write : may_read,
				   .argument = lock };
	/* Only a writer keeps a reader out. */
	unsigned others = tag == WRITER ? READER | WRITER : WRITER;
	bool fails, chosen;
	int result;

	object->tried = true;
	sched_try_point(me, tag == WRITER ? EVENT_RWLOCK_TRYWRLOCK : EVENT_RWLOCK_TRYRDLOCK, object,
			context);
	chosen = !object->shared && !object->owner && !object->readers &&
		 sched_try_fails(me, object, others);
	fails = object->shared ? !sched_outside_ready(me, &outside) : chosen;
	result = fails ? EBUSY : try_real(lock, object, tag);
	sched_tried(me, result == EBUSY && !chosen);
	if (result == 0)
		acquired(me, object, tag, context);
	sched_done(me, result);
	return result;
}

EXPORT int pthread_rwlock_init(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attributes)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_init)(lock, attributes));
	result = REAL(pthread_rwlock_init)(lock, attributes);
	sched_event(me, EVENT_RWLOCK_INIT, object_init(me, lock, OBJECT_RWLOCK, context), context,
		    result);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_destroy)(lock));
	object = rwlock_object(me, lock, context);
	result = REAL(pthread_rwlock_destroy)(lock);
	sched_event(me, EVENT_RWLOCK_DESTROY, object, context, result);
	if (result == 0)
		object_forget(lock);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_rdlock)(lock));
	result = take(me, lock, EVENT_RWLOCK_RDLOCK, READER, -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_tryrdlock)(lock));
	result = try_to_take(me, lock, READER, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_timedrdlock)(lock, until));
	result = take_until(me, lock, READER, CLOCK_REALTIME, until, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t *lock, clockid_t clock,
				      const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_clockrdlock)(lock, clock, until));
	result = take_until(me, lock, READER, clock, until, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_wrlock)(lock));
	result = take(me, lock, EVENT_RWLOCK_WRLOCK, WRITER, -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_trywrlock)(lock));
	result = try_to_take(me, lock, WRITER, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_timedwrlock)(lock, until));
	result = take_until(me, lock, WRITER, CLOCK_REALTIME, until, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t *lock, clockid_t clock,
				      const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_clockwrlock)(lock, clock, until));
	result = take_until(me, lock, WRITER, clock, until, context);
	INTERPOSE_LEAVE(me, result);
}

/* Gives back the read lock or the write lock, whichever the lane has. */
static void released(struct lane *me, struct object *object, bool wrote)
{
	if (wrote) {
		lane_drop(object->owner ? object->owner : me, object);
		object->owner = NULL;
	} else {
		lane_drop(me, object);
		if (object->readers)
			object->readers--;
	}
	if (wrote || !object->readers)
		sched_release(object, READER | WRITER);
}

EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	bool wrote;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_rwlock_unlock)(lock));
	object = rwlock_object(me, lock, context);
	wrote = writes(me, lock);
	sched_release_point(me, EVENT_RWLOCK_UNLOCK, object, context);
	result = REAL(pthread_rwlock_unlock)(lock);
	if (result == 0)
		released(me, object, wrote);
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}
