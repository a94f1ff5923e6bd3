/*
 * Barriers: fully modelled, the real object only keeps the number of participants. Barriers
 * shared with other processes follow glibc's algorithm on the real object, with waits of ours.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>

#include "preload/interpose.h"
#include "preload/raw.h"

/* glibc since 2.25, nptl/pthread_barrier_wait.c and sysdeps/nptl/internaltypes.h. */
struct barrier {
	unsigned in, current_round, count;
	int shared;
	unsigned out;
};

#define IN_THRESHOLD (UINT_MAX / 2)

static struct object *barrier_object(struct lane *me, pthread_barrier_t *barrier, uint32_t context)
{
	struct object *object = object_find(me, barrier, OBJECT_BARRIER, context);
	const struct barrier *inner = (const struct barrier *)barrier;

	object->limit = inner->count;
	object->shared = inner->shared != 0;
	return object;
}

static int wait_private(struct lane *me, struct object *object)
{
	uint32_t generation = object->generation, number = object->number;

	if (++object->count < object->limit) {
		/* Woken when all are there; it may have been destroyed since. Or a handler ran. */
		do
			sched_block(me, object, SCHED_ANY, -1, 0);
		while (object->number == number && object->generation == generation);
		return 0;
	}
	object->count = 0;
	object->generation++;
	sched_wake(me, object, SCHED_ANY, UINT32_MAX);
	return PTHREAD_BARRIER_SERIAL_THREAD;
}

/* A wait of one participant of a shared barrier. */
struct arrival {
	struct barrier *barrier;
	unsigned in, most;
};

static bool round_is_over(void *argument)
{
	const struct arrival *mine = argument;

	return __atomic_load_n(&mine->barrier->current_round, __ATOMIC_ACQUIRE) >= mine->in;
}

static bool was_reset(void *argument)
{
	const struct arrival *mine = argument;

	return __atomic_load_n(&mine->barrier->in, __ATOMIC_RELAXED) <= mine->most;
}

static void wake_others(struct object *object, unsigned *word)
{
	raw(SYS_futex, word, FUTEX_WAKE, INT_MAX, 0, 0, 0);
	sched_release(object, SCHED_ANY);
}

/* If we complete a round, or more (others may not have noticed yet), tells everybody. */
static void advance(struct arrival *mine, struct object *object)
{
	struct barrier *barrier = mine->barrier;
	unsigned round = __atomic_load_n(&barrier->current_round, __ATOMIC_RELAXED), next;

	while (round + barrier->count <= mine->in) {
		next = mine->in - mine->in % barrier->count;
		if (__atomic_compare_exchange_n(&barrier->current_round, &round, next, true,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
			wake_others(object, &barrier->current_round);
			return;
		}
	}
}

static int wait_shared(struct lane *me, struct barrier *barrier, struct object *object)
{
	unsigned count = barrier->count;
	struct arrival mine = { .barrier = barrier, .most = IN_THRESHOLD - IN_THRESHOLD % count };

	while ((mine.in = __atomic_add_fetch(&barrier->in, 1, __ATOMIC_ACQ_REL)) > mine.most)
		sched_await(me, object, was_reset, &mine, -1, SCHED_NO_DEADLOCK);
	advance(&mine, object);
	if (!round_is_over(&mine))
		sched_await(me, object, round_is_over, &mine, -1, SCHED_NO_DEADLOCK);
	sched_release(object, SCHED_ANY); /* one that destroys it waits until all have left */
	if (__atomic_add_fetch(&barrier->out, 1, __ATOMIC_ACQ_REL) == mine.most) {
		/* The last of all that fit into the counters: they begin again. */
		__atomic_store_n(&barrier->current_round, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&barrier->out, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&barrier->in, 0, __ATOMIC_RELEASE);
		wake_others(object, &barrier->in);
	}
	return mine.in % count == 0 ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

/* The real destruction waits until all have left; here they need the turn for that. */
static bool all_have_left(void *argument)
{
	const struct barrier *barrier = argument;

	return __atomic_load_n(&barrier->out, __ATOMIC_ACQUIRE) ==
	       __atomic_load_n(&barrier->in, __ATOMIC_RELAXED);
}

EXPORT int pthread_barrier_init(pthread_barrier_t *barrier, const pthread_barrierattr_t *attributes,
				unsigned count)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_barrier_init)(barrier, attributes, count));
	result = REAL(pthread_barrier_init)(barrier, attributes, count);
	if (result == 0)
		sched_event(me, EVENT_BARRIER_INIT,
			    object_init(me, barrier, OBJECT_BARRIER, context), context, 0);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_barrier_destroy)(barrier));
	object = barrier_object(me, barrier, context);
	sched_begin(me, EVENT_BARRIER_DESTROY, object, context);
	if (object->shared)
		sched_await(me, object, all_have_left, barrier, -1, SCHED_NO_DEADLOCK);
	sched_done(me, 0);
	result = REAL(pthread_barrier_destroy)(barrier);
	object_forget(barrier);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_barrier_wait(pthread_barrier_t *barrier)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_barrier_wait)(barrier));
	object = barrier_object(me, barrier, context);
	sched_point(me, EVENT_BARRIER_WAIT, object, context, 0);
	if (object->shared)
		result = wait_shared(me, (struct barrier *)barrier, object);
	else
		result = wait_private(me, object);
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}
