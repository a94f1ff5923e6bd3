/*
 * Threads: creation, joining, ending. Each pthread is a lane; its kernel thread runs only while
 * it has the turn, from the first instruction of its start routine to the last of its TSD
 * destructors.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "preload/clock.h"
#include "preload/gate.h"
#include "preload/handoff.h"
#include "preload/interpose.h"
#include "preload/interpreter.h"
#include "preload/log.h"
#include "preload/memory/access.h"
#include "preload/raw.h"
#include "preload/server.h"
#include "preload/signals.h"
#include "preload/threads.h"
#include "preload/trap.h"

static pthread_key_t end_key;

/*
 * Rounds that TSD destructors get (POSIX: PTHREAD_DESTRUCTOR_ITERATIONS); ours ends the lane in
 * the last.
 */
#define LAST_ROUND PTHREAD_DESTRUCTOR_ITERATIONS

#define MAIN_STACK (8ull << 20) /* the usual RLIMIT_STACK; deeper stacks are cut short */

/* libc gives the stack, with the thread's static TLS, to one of the next threads. */
static void forget_stack(const struct lane *me)
{
	uint64_t size = me->stack.hi - me->stack.lo;

	if (me->origin != LANE_MAIN && memory_used)
		memory_forget_stack(me);
	if (me->origin != LANE_MAIN && object_heap_count && object_maybe_in(me->stack.lo, size))
		object_forget_range(me->stack.lo, size);
}

static void end_lane(struct lane *me)
{
	thread_state.inside = 1;
	sched_event(me, EVENT_THREAD_END, object_of_lane(me), 0, 0);
	forget_stack(me);
	thread_state.lane = NULL;
	thread_state.ended = true;
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

	lane->tid = region->lane[lane->slot].tid = (uint32_t)raw(SYS_gettid);
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
	thread_leave(me);
	if (me->c11)
		return (void *)(intptr_t)((int (*)(void *))(void (*)(void))start)(me->argument);
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

/*
 * The kernel's id of a thread that may not have run yet: its CPU clock is made from it
 * (clock_getcpuclockid(3), linux/posix-timers.h).
 */
static uint32_t kernel_id(pthread_t handle)
{
	clockid_t clock;

	return REAL(pthread_getcpuclockid)(handle, &clock) == 0 ? ~(uint32_t)(clock >> 3) : 0;
}

int threads_create(struct lane *me, pthread_t *thread, const pthread_attr_t *attributes,
		   void *(*start)(void *), bool c11, void *argument, uint32_t context)
{
	struct lane *child;
	int detached = PTHREAD_CREATE_JOINABLE, result;

	if (!schedule.started && !server_is_run()) {
		interpreter_start(me);
		server_fork_point(me);
	}
	sched_point(me, EVENT_THREAD_CREATE, NULL, context, 0);
	trap_start(me, true);
	child = lane_new(me, LANE_CREATED, start);
	if (!child) {
		sched_done(me, EAGAIN);
		return EAGAIN;
	}
	child->c11 = c11;
	child->argument = argument;
	if (attributes)
		pthread_attr_getdetachstate(attributes, &detached);
	child->detached = detached == PTHREAD_CREATE_DETACHED;
	child->stack_bytes = stack_size(attributes);
	child->signal_mask = me->signal_mask;
	if (gate_is_code((void *)(uintptr_t)start))
		gate_need(child);
	result = REAL(pthread_create)(&child->handle, attributes, lane_main, child);
	if (result != 0) {
		threads_abandon(child);
	} else {
		*thread = child->handle;
		child->tid =
			kernel_id(child->handle); /* others may send it signals before it runs */
		me->object = object_of_lane(child);
	}
	sched_done(me, result);
	return result;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*start)(void *), void *argument)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_create)(thread, attributes, start, argument));
	result = threads_create(me, thread, attributes, start, false, argument, context);
	INTERPOSE_LEAVE(me, result);
}

void threads_abandon(struct lane *lane)
{
	lane->state = LANE_DONE;
	schedule.runnable[lane->slot / 64] &= ~(1ull << (lane->slot % 64));
	schedule.runnable_count--;
	schedule.live--;
	schedule.gated -= lane->gated;
	lane_free(lane);
}

/* Waits for the lane's end: 0, ETIMEDOUT. A cancellation does not return. */
static int wait_for_end(struct lane *me, struct lane *lane, struct object *object, int64_t deadline)
{
	if (lane->state != LANE_DONE && sched_expire(me, deadline))
		return ETIMEDOUT;
	while (lane->state != LANE_DONE) {
		enum lane_wake wake =
			sched_block(me, object, SCHED_ANY, deadline, SCHED_CANCELABLE);

		if (wake == WAKE_TIMEOUT)
			return ETIMEDOUT;
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

int threads_join(struct lane *me, pthread_t thread, void **value, unsigned kind, int64_t deadline,
		 uint32_t context)
{
	struct lane *lane = threads_find(thread);
	struct object *object;
	int result;

	if (!lane) { /* not one of ours: somebody else's thread, or misuse */
		sched_point(me, kind, NULL, context, 0);
		result = kind == EVENT_THREAD_TRYJOIN ? REAL(pthread_tryjoin_np)(thread, value)
						      : REAL(pthread_join)(thread, value);
		sched_done(me, result);
		return result;
	}
	if (lane == me)
		return EDEADLK;
	if (lane->detached)
		return EINVAL;
	object = object_of_lane(lane);
	sched_point(me, kind, object, context, 0);
	if (me->cancelled && kind != EVENT_THREAD_TRYJOIN)
		threads_testcancel();
	if (kind == EVENT_THREAD_TRYJOIN)
		result = lane->state == LANE_DONE ? 0 : EBUSY;
	else
		result = wait_for_end(me, lane, object, deadline);
	sched_done(me, result);
	return result ? result : real_join(lane, thread, value);
}

EXPORT int pthread_join(pthread_t thread, void **value)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_join)(thread, value));
	result = threads_join(me, thread, value, EVENT_THREAD_JOIN, -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_tryjoin_np(pthread_t thread, void **value)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_tryjoin_np)(thread, value));
	result = threads_join(me, thread, value, EVENT_THREAD_TRYJOIN, -1, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_timedjoin_np(pthread_t thread, void **value, const struct timespec *until)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_timedjoin_np)(thread, value, until));
	result = until ? clock_check(until) : 0;
	if (result == 0)
		result = threads_join(me, thread, value, EVENT_THREAD_TIMEDJOIN,
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
	result = until ? clock_check(until) : 0;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		result = EINVAL;
	if (result == 0)
		result = threads_join(me, thread, value, EVENT_THREAD_TIMEDJOIN,
				      until ? clock_deadline(clock, until) : -1, context);
	INTERPOSE_LEAVE(me, result);
}

int threads_detach(struct lane *me, pthread_t thread, uint32_t context)
{
	struct lane *lane = threads_find(thread);
	int result = REAL(pthread_detach)(thread);

	sched_event(me, EVENT_THREAD_DETACH, lane ? object_of_lane(lane) : NULL, context, result);
	if (lane && result == 0) {
		lane->detached = true;
		if (lane->state == LANE_DONE)
			lane_free(lane);
	}
	return result;
}

EXPORT int pthread_detach(pthread_t thread)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_detach)(thread));
	result = threads_detach(me, thread, context);
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

/*
 * The real cancellation is asked for by the cancelled lane itself, when it has the turn: libc makes
 * the type asynchronous in blocking calls of its own, and a signal would unwind the thread at once.
 */
EXPORT int pthread_cancel(pthread_t thread)
{
	struct lane *me, *lane;
	uint32_t context;
	int result = 0;

	INTERPOSE_ENTER(me, context, REAL(pthread_cancel)(thread));
	lane = threads_find(thread);
	sched_point(me, EVENT_THREAD_CANCEL, lane ? object_of_lane(lane) : NULL, context, 0);
	if (!lane) {
		result = REAL(pthread_cancel)(thread);
	} else if (lane->state != LANE_DONE && !lane->cancelled) {
		lane->cancelled = lane->cancel_unsaid = true;
		if (lane->cancelable)
			sched_wake_lane(lane, WAKE_CANCEL);
		else
			lane->cancel_news = true;
	}
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}

EXPORT void pthread_testcancel(void)
{
	REAL(pthread_testcancel)();
}

static void tell_libc(struct lane *me)
{
	if (!me->cancel_unsaid)
		return;
	me->cancel_unsaid = false;
	REAL(pthread_cancel)(pthread_self());
}

void threads_testcancel(void)
{
	uint32_t inside = thread_outside_begin();

	tell_libc(thread_state.lane);
	REAL(pthread_testcancel)();
	thread_outside_end(inside);
}

void lane_cancel(struct lane *me)
{
	(void)me;
	threads_testcancel();
}

void thread_cancel_now(struct lane *me)
{
	tell_libc(me);
	if (me->asynchronous)
		REAL(pthread_testcancel)();
}

bool threads_cancel_enabled(void)
{
	int state, ignored;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_setcancelstate(state, &ignored);
	return state == PTHREAD_CANCEL_ENABLE;
}

/*
 * The real type stays "deferred": with the other one a signal would unwind the thread at once,
 * also while it does not have the turn. Lanes of that type are cancelled at the end of their
 * operations.
 */
EXPORT int pthread_setcanceltype(int type, int *old)
{
	struct lane *me = thread_enter();

	if (!me)
		return REAL(pthread_setcanceltype)(type, old);
	if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
		INTERPOSE_LEAVE(me, EINVAL);
	if (old)
		*old = me->asynchronous ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
	me->asynchronous = type == PTHREAD_CANCEL_ASYNCHRONOUS;
	INTERPOSE_LEAVE(me, 0);
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
