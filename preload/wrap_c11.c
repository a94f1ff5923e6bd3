/*
 * <threads.h>: in libc these are symbols of their own, which do not go through pthread_
 * functions. Types and values are those of glibc, where each is its pthread counterpart.
 * thrd_yield and thrd_sleep are in wrap_time.c.
 */
#include <errno.h>
#include <stddef.h>
#include <threads.h>

#include "preload/clock.h"
#include "preload/interpose.h"
#include "preload/mutex.h"
#include "preload/once.h"
#include "preload/threads.h"

_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "glibc");
_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "glibc");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "glibc");
_Static_assert(sizeof(once_flag) == sizeof(pthread_once_t), "glibc");

static pthread_mutex_t *mutex_of(mtx_t *mutex)
{
	return (pthread_mutex_t *)mutex;
}

static pthread_cond_t *cond_of(cnd_t *cond)
{
	return (pthread_cond_t *)cond;
}

/* nptl/thrd_priv.h */
static int c11(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case ENOMEM:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	case EBUSY:
		return thrd_busy;
	default:
		return thrd_error;
	}
}

EXPORT int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(thrd_create)(thread, start, argument));
	result = threads_create(me, thread, NULL, (void *(*)(void *))(void (*)(void))start, true,
				argument, context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT int thrd_join(thrd_t thread, int *value)
{
	struct lane *me;
	uint32_t context;
	void *returned = NULL;
	int result;

	INTERPOSE_ENTER(me, context, REAL(thrd_join)(thread, value));
	result = threads_join(me, thread, &returned, EVENT_THREAD_JOIN, -1, context);
	if (value)
		*value = (int)(intptr_t)returned;
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT int thrd_detach(thrd_t thread)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(thrd_detach)(thread));
	result = threads_detach(me, thread, context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT void thrd_exit(int value)
{
	struct lane *me = thread_enter();

	if (me) {
		sched_point(me, EVENT_THREAD_EXIT, NULL, CONTEXT_HERE(me), 0);
		sched_done(me, 0);
		thread_leave(me);
	}
	REAL(thrd_exit)(value);
	__builtin_unreachable();
}

EXPORT int mtx_init(mtx_t *mutex, int type)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(mtx_init)(mutex, type));
	result = REAL(mtx_init)(mutex, type);
	sched_event(me, EVENT_MUTEX_INIT, object_init(me, mutex, OBJECT_MUTEX, context), context,
		    result);
	INTERPOSE_LEAVE(me, result);
}

EXPORT void mtx_destroy(mtx_t *mutex)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(mtx_destroy)(mutex));
	mutex_destroy(me, mutex_of(mutex), context);
	thread_leave(me);
}

EXPORT int mtx_lock(mtx_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(mtx_lock)(mutex));
	result = mutex_enter(me, mutex_of(mutex), context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT int mtx_trylock(mtx_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(mtx_trylock)(mutex));
	result = mutex_try(me, mutex_of(mutex), context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT int mtx_timedlock(mtx_t *mutex, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(mtx_timedlock)(mutex, until));
	result = mutex_enter_until(me, mutex_of(mutex), CLOCK_REALTIME, until, context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT int mtx_unlock(mtx_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(mtx_unlock)(mutex));
	result = mutex_leave(me, mutex_of(mutex), context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT int cnd_init(cnd_t *cond)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(cnd_init)(cond));
	result = cond_init(me, cond_of(cond), NULL, context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT void cnd_destroy(cnd_t *cond)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(cnd_destroy)(cond));
	cond_destroy(me, cond_of(cond), context);
	thread_leave(me);
}

EXPORT int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(cnd_wait)(cond, mutex));
	result = cond_wait(me, cond_of(cond), mutex_of(mutex), EVENT_COND_WAIT, -1, context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT int cnd_timedwait(cnd_t *cond, mtx_t *mutex, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(cnd_timedwait)(cond, mutex, until));
	result = clock_check(until);
	if (result == 0)
		result = cond_wait(me, cond_of(cond), mutex_of(mutex), EVENT_COND_TIMEDWAIT,
				   clock_deadline(CLOCK_REALTIME, until), context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT int cnd_signal(cnd_t *cond)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(cnd_signal)(cond));
	result = cond_wake(me, cond_of(cond), EVENT_COND_SIGNAL, context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT int cnd_broadcast(cnd_t *cond)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(cnd_broadcast)(cond));
	result = cond_wake(me, cond_of(cond), EVENT_COND_BROADCAST, context);
	INTERPOSE_LEAVE(me, c11(result));
}

EXPORT void call_once(once_flag *once, void (*init)(void))
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(call_once)(once, init));
	once_operation(me, (pthread_once_t *)once, init, context);
	thread_leave(me);
}
