/*
 * Threads: creation, joining, ending. Each pthread is a lane; its kernel thread runs only while it has the
 * turn, from the first instruction of its start routine to the last of its TSD destructors.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "preload/clock.h"
#include "preload/handoff.h"
#include "preload/interpose.h"
#include "preload/log.h"
#include "preload/raw.h"
#include "preload/signals.h"
#include "preload/threads.h"

static pthread_key_t end_key;

/* Rounds that TSD destructors get (POSIX: PTHREAD_DESTRUCTOR_ITERATIONS); ours ends the lane in the last. */
#define LAST_ROUND PTHREAD_DESTRUCTOR_ITERATIONS

#define MAIN_STACK (8ull << 20) /* the usual RLIMIT_STACK; deeper stacks are cut short */

static void end_lane(struct lane *me)
{
	thread_state.inside = 1;
	sched_event(me, EVENT_THREAD_END, object_of_lane(me), 0, 0);
	thread_state.lane = NULL;
	sched_end_lane(me);
	thread_state.inside = 0;
}

static void end_key_round(void *value)
{
	uintptr_t round = (uintptr_t)value;

	if (round < LAST_ROUND) {
		pthread_setspecific(end_key, (void *)(round + 1));
		return;
	}
	if (thread_state.lane)
		end_lane(thread_state.lane);
}

int threads_init(void)
{
	return -pthread_key_create(&end_key, end_key_round);
}

void threads_enter(struct lane *lane)
{
	uint64_t mask = 0;

	lane->tid = (uint32_t)raw(SYS_gettid);
	lane->handle = pthread_self();
	thread_state.lane = lane;
	raw(SYS_rt_sigprocmask, SIG_SETMASK, 0, &mask, sizeof mask);
	signals_mask_changed(lane, mask);
	if (lane->origin == LANE_MAIN)
		unwind_stack_main(&lane->stack, MAIN_STACK);
	else
		unwind_stack_thread(&lane->stack, lane->stack_bytes);
	pthread_setspecific(end_key, (void *)1);
}

static void *lane_main(void *argument)
{
	struct lane *me = argument;
	void *(*start)(void *) = me->start;

	thread_state.inside = 1;
	threads_enter(me);
	sched_start_lane(me);
	sched_event(me, EVENT_THREAD_START, object_of_lane(me), 0, 0);
	thread_state.inside = 0;
	return start(me->argument);
}

struct lane *threads_find(pthread_t handle)
{
	uint32_t i;

	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number && lanes[i].handle == handle && !lanes[i].joined)
			return &lanes[i];
	return NULL;
}

static uint64_t stack_size(const pthread_attr_t *attributes)
{
	pthread_attr_t defaults;
	size_t size = 0;

	if (attributes)
		pthread_attr_getstacksize(attributes, &size);
	else if (pthread_getattr_default_np(&defaults) == 0)
		pthread_attr_getstacksize(&defaults, &size);
	return size;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*start)(void *), void *argument)
{
	struct lane *me, *child;
	uint32_t context;
	int detached = PTHREAD_CREATE_JOINABLE, result;

	INTERPOSE_ENTER(me, context, REAL(pthread_create)(thread, attributes, start, argument));
	sched_point(me, EVENT_THREAD_CREATE, NULL, context, 0);
	child = lane_new(me, LANE_CREATED, start);
	if (!child) {
		sched_done(me, EAGAIN);
		INTERPOSE_LEAVE(me, EAGAIN);
	}
	child->argument = argument;
	if (attributes)
		pthread_attr_getdetachstate(attributes, &detached);
	child->detached = detached == PTHREAD_CREATE_DETACHED;
	child->stack_bytes = stack_size(attributes);
	result = REAL(pthread_create)(&child->handle, attributes, lane_main, child);
	if (result != 0) {
		threads_abandon(child);
	} else {
		*thread = child->handle;
		me->object = object_of_lane(child);
	}
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}

void threads_abandon(struct lane *lane)
{
	lane->state = LANE_DONE;
	schedule.runnable[lane->slot / 64] &= ~(1ull << (lane->slot % 64));
	schedule.runnable_count--;
	schedule.live--;
	lane_free(lane);
}

/* Waits for the lane's end: 0, ETIMEDOUT, EBUSY. */
static int wait_for_end(struct lane *me, struct lane *lane, struct object *object, int64_t deadline)
{
	while (lane->state != LANE_DONE)
		switch (sched_block(me, object, SCHED_ANY, deadline, SCHED_CANCELABLE)) {
		case WAKE_TIMEOUT:
			return ETIMEDOUT;
		case WAKE_CANCEL:
			return EINTR;
		default:
			break;
		}
	return 0;
}

/* The kernel thread is gone before the real join is called: that never waits. */
static int real_join(struct lane *lane, pthread_t thread, void **value)
{
	int result;

	handoff_wait_gone(lane->tid);
	result = REAL(pthread_join)(thread, value);
	lane->joined = true;
	lane_free(lane);
	return result;
}

static int join(struct lane *me, pthread_t thread, void **value, unsigned kind, int64_t deadline,
		uint32_t context)
{
	struct lane *lane = threads_find(thread);
	struct object *object;
	int result;

	if (!lane) { /* not one of ours: somebody else's thread, or misuse */
		sched_point(me, kind, NULL, context, 0);
		result = kind == EVENT_THREAD_TRYJOIN ? REAL(pthread_tryjoin_np)(thread, value) :
							REAL(pthread_join)(thread, value);
		sched_done(me, result);
		return result;
	}
	if (lane == me)
		return EDEADLK;
	if (lane->detached)
		return EINVAL;
	object = object_of_lane(lane);
	sched_point(me, kind, object, context, 0);
	if (kind == EVENT_THREAD_TRYJOIN)
		result = lane->state == LANE_DONE ? 0 : EBUSY;
	else
		result = wait_for_end(me, lane, object, deadline);
	if (result == EINTR) {
		sched_done(me, result);
		thread_state.inside = 0;
		REAL(pthread_testcancel)();
		thread_state.inside = 1;
		return join(me, thread, value, kind, deadline, context);
	}
	sched_done(me, result);
	return result ? result : real_join(lane, thread, value);
}

EXPORT int pthread_join(pthread_t thread, void **value)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_join)(thread, value));
	result = join(me, thread, value, EVENT_THREAD_JOIN, -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_tryjoin_np(pthread_t thread, void **value)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_tryjoin_np)(thread, value));
	result = join(me, thread, value, EVENT_THREAD_TRYJOIN, -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_timedjoin_np(pthread_t thread, void **value, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_timedjoin_np)(thread, value, until));
	result = join(me, thread, value, EVENT_THREAD_TIMEDJOIN,
		      until ? clock_deadline(CLOCK_REALTIME, until) : -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_clockjoin_np(pthread_t thread, void **value, clockid_t clock,
				const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_clockjoin_np)(thread, value, clock, until));
	result = join(me, thread, value, EVENT_THREAD_TIMEDJOIN,
		      until ? clock_deadline(clock, until) : -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_detach(pthread_t thread)
{
	struct lane *me, *lane;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_detach)(thread));
	lane = threads_find(thread);
	result = REAL(pthread_detach)(thread);
	sched_event(me, EVENT_THREAD_DETACH, lane ? object_of_lane(lane) : NULL, context, result);
	if (lane && result == 0) {
		lane->detached = true;
		if (lane->state == LANE_DONE)
			lane_free(lane);
	}
	INTERPOSE_LEAVE(me, result);
}

EXPORT void pthread_exit(void *value)
{
	struct lane *me = thread_enter();

	if (me) {
		sched_point(me, EVENT_THREAD_EXIT, NULL, CONTEXT_HERE(me), 0);
		sched_done(me, 0);
		thread_leave(me);
	}
	REAL(pthread_exit)(value);
	__builtin_unreachable();
}

EXPORT int pthread_cancel(pthread_t thread)
{
	struct lane *me, *lane;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_cancel)(thread));
	lane = threads_find(thread);
	sched_point(me, EVENT_THREAD_CANCEL, lane ? object_of_lane(lane) : NULL, context, 0);
	if (lane && lane->state == LANE_DONE) {
		result = 0;
	} else {
		result = REAL(pthread_cancel)(thread);
		if (lane && result == 0) {
			lane->cancelled = true;
			if (lane->cancelable)
				sched_wake_lane(lane, WAKE_CANCEL);
		}
	}
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}

EXPORT void pthread_testcancel(void)
{
	REAL(pthread_testcancel)();
}

EXPORT int pthread_setname_np(pthread_t thread, const char *name)
{
	struct lane *me = thread_enter(), *lane;
	int result = REAL(pthread_setname_np)(thread, name);

	if (me) {
		lane = threads_find(thread);
		if (lane && result == 0)
			lane_rename(lane, name);
		thread_leave(me);
	}
	return result;
}
