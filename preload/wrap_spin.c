/*
 * Spin locks: the real lock word stays in use, but a lane that finds it taken blocks instead of
 * spinning. So a spin lock taken twice is a deadlock with a name, and not a hang.
 */
#include <errno.h>
#include <stddef.h>

#include "preload/interpose.h"

/*
 * A spin lock does not say that it is shared, so a process-shared one that another process holds
 * looks like one that was taken before we came: then this lane asks again and again.
 */
static bool may_lock(void *argument)
{
	return __atomic_load_n((pthread_spinlock_t *)argument, __ATOMIC_ACQUIRE) > 0;
}

static void acquired(struct lane *me, struct object *object, uint32_t context)
{
	sched_taken(object, SCHED_ANY);
	object->owner = me;
	lane_hold(me, object, context);
}

static struct object *spin_object(struct lane *me, pthread_spinlock_t *spin, uint32_t context)
{
	return object_find(me, (volatile void *)spin, OBJECT_SPIN, context);
}

EXPORT int pthread_spin_init(pthread_spinlock_t *spin, int shared)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_spin_init)(spin, shared));
	result = REAL(pthread_spin_init)(spin, shared);
	sched_event(me, EVENT_SPIN_INIT,
		    object_init(me, (volatile void *)spin, OBJECT_SPIN, context), context, result);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_spin_destroy(pthread_spinlock_t *spin)
{
	struct lane *me = thread_enter();
	int result = REAL(pthread_spin_destroy)(spin);

	if (me) {
		object_forget((volatile void *)spin);
		thread_leave(me);
	}
	return result;
}

EXPORT int pthread_spin_lock(pthread_spinlock_t *spin)
{
	struct object *object;
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(pthread_spin_lock)(spin));
	object = spin_object(me, spin, context);
	sched_point(me, EVENT_SPIN_LOCK, object, context, object->owner == me ? 0 : SCHED_ANY);
	while (REAL(pthread_spin_trylock)(spin) == EBUSY) {
		if (object->owner)
			sched_block(me, object, SCHED_ANY, -1, 0);
		else
			sched_await(me, object, may_lock, (void *)(uintptr_t)spin, -1,
				    SCHED_NO_DEADLOCK);
	}
	acquired(me, object, context);
	sched_done(me, 0);
	INTERPOSE_LEAVE(me, 0);
}

EXPORT int pthread_spin_trylock(pthread_spinlock_t *spin)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	bool chosen;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_spin_trylock)(spin));
	object = spin_object(me, spin, context);
	object->tried = true;
	sched_try_point(me, EVENT_SPIN_TRYLOCK, object, context);
	chosen = !object->owner && sched_try_fails(me, object, SCHED_ANY);
	result = chosen ? EBUSY : REAL(pthread_spin_trylock)(spin);
	sched_tried(me, result == EBUSY && !chosen);
	if (result == 0)
		acquired(me, object, context);
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int pthread_spin_unlock(pthread_spinlock_t *spin)
{
	struct object *object;
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(pthread_spin_unlock)(spin));
	object = spin_object(me, spin, context);
	sched_release_point(me, EVENT_SPIN_UNLOCK, object, context);
	result = REAL(pthread_spin_unlock)(spin);
	lane_drop(object->owner ? object->owner : me, object);
	object->owner = NULL;
	sched_release(object, SCHED_ANY);
	sched_done(me, result);
	INTERPOSE_LEAVE(me, result);
}
