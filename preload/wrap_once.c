/*
 * pthread_once: modelled on the real word, so that libc's own code sees what was done. The initialiser is the program's
 * code; when it is left by a cancellation or an exception the next one that comes runs it again (POSIX).
 */
#include "preload/once.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>

#include "preload/interpose.h"
#include "preload/raw.h"

/* glibc: two bits, above them the number of forks (nptl/pthread_once.c). */
#define IN_PROGRESS 1
#define DONE 2

struct running {
	struct lane *me;
	pthread_once_t *once;
	uint32_t context;
	bool finished;
};

static int state_of(const pthread_once_t *once)
{
	return __atomic_load_n(once, __ATOMIC_ACQUIRE);
}

/* Somebody that is not a lane runs the initialiser. */
static bool not_in_progress(void *argument)
{
	return !(state_of(argument) & IN_PROGRESS);
}

/* Waits until the initialiser has run (false), or this lane has to run it. */
static bool must_run(struct lane *me, pthread_once_t *once, struct object *object)
{
	while (!(state_of(once) & DONE)) {
		if (!(state_of(once) & IN_PROGRESS)) {
			__atomic_store_n(once, IN_PROGRESS, __ATOMIC_RELEASE);
			return true;
		}
		if (object->owner)
			sched_block(me, object, SCHED_ANY, -1, 0);
		else
			sched_await(me, not_in_progress, once, -1, SCHED_NO_DEADLOCK);
	}
	return false;
}

/* The object is looked up again: the initialiser may have freed memory around it. */
static void end_run(struct running *running)
{
	struct lane *me = running->me;
	struct object *object = object_find(me, running->once, OBJECT_ONCE, running->context);

	__atomic_store_n(running->once, running->finished ? DONE : 0, __ATOMIC_RELEASE);
	raw(SYS_futex, running->once, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0);
	lane_drop(me, object);
	object->owner = NULL;
	sched_release(object, SCHED_ANY);
	sched_event(me, EVENT_ONCE_DONE, object, running->context, running->finished ? 0 : -1);
}

/* The stack is unwound through us: outside of the runtime, and with the turn. */
static void clean_up(struct running *running)
{
	if (running->finished)
		return;
	thread_state.inside = 1;
	end_run(running);
	thread_state.inside = 0;
}

static void run(struct lane *me, pthread_once_t *once, void (*init)(void), uint32_t context)
{
	__attribute__((cleanup(clean_up))) struct running running = {
		.me = me, .once = once, .context = context};
	uint32_t inside = thread_outside_begin();

	init();
	thread_outside_end(inside);
	running.finished = true;
	end_run(&running);
}

void once_operation(struct lane *me, pthread_once_t *once, void (*init)(void), uint32_t context)
{
	struct object *object = object_find(me, once, OBJECT_ONCE, context);

	if (state_of(once) & DONE) { /* for ever: who goes first makes no difference */
		sched_event(me, EVENT_ONCE, object, context, 0);
		return;
	}
	sched_point(me, EVENT_ONCE, object, context, object->owner == me ? 0 : SCHED_ANY);
	if (!must_run(me, once, object)) {
		sched_done(me, 0);
		return;
	}
	sched_taken(object, SCHED_ANY);
	object->owner = me;
	lane_hold(me, object, context);
	sched_done(me, 0);
	run(me, once, init, context);
}

EXPORT int pthread_once(pthread_once_t *once, void (*init)(void))
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(pthread_once)(once, init));
	once_operation(me, once, init, context);
	INTERPOSE_LEAVE(me, 0);
}
