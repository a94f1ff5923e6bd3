/* See child_locks.h. The child has the books of the runtime as they were at the fork. */
#include "preload/child_locks.h"

#include <stddef.h>
#include <sys/stat.h>

#include "preload/log.h"
#include "preload/object.h"
#include "preload/raw.h"
#include "preload/sched.h"

#define HOLDER_SHIFT 32

bool child_locks_watched;
static uint32_t forked_by; /* number of the lane */
static uint32_t children;  /* that the program has made */

void child_locks_made(void)
{
	children++;
}

void child_locks_forked(const struct lane *me)
{
	child_locks_watched = true;
	forked_by = me->number;
}

/* A directory has a link for each directory in it: one for each thread. */
static bool is_only_thread(void)
{
	struct stat status;

	return raw(SYS_stat, "/proc/self/task", &status) == 0 && status.st_nlink == 3;
}

void child_locks_wait(const volatile void *address)
{
	struct region_child_lock *said = &region->child_lock;
	struct object *object = object_peek(address, OBJECT_LOCK);
	uint32_t holder, nobody = 0;

	if (!object)
		object = object_peek(address, OBJECT_MUTEX);
	if (!object || object->shared)
		return;
	holder = object->owner ? object->owner->number : object->holder_number;
	if (!holder || holder == forked_by || !is_only_thread() ||
	    !__atomic_compare_exchange_n(&said->claimed, &nobody, 1, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return;
	said->object = object->number;
	said->holder = holder;
	__atomic_store_n(&said->pid, (uint32_t)raw(SYS_getpid), __ATOMIC_SEQ_CST);
}

bool child_locks_said(void)
{
	return __atomic_load_n(&region->child_lock.pid, __ATOMIC_SEQ_CST) != 0;
}

/* The lane that waits for that child, if nothing but children is waited for; else NULL. */
static struct lane *waiter(void)
{
	struct lane *found = NULL;
	uint32_t i;

	for (i = 0; i < schedule.lane_slots; i++) {
		struct lane *lane = &lanes[i];

		if (!lane->number || lane->state != LANE_BLOCKED)
			continue;
		if (lane->deadline >= 0 || (lane->outside && !lane->outside->child))
			return NULL;
		if (lane->outside && (lane->outside->child == (long)region->child_lock.pid ||
				      (lane->outside->child < 0 && children == 1)))
			found = lane;
	}
	return found;
}

/* In a replay there is no such child: whoever waits for one. */
static struct lane *any_waiter(void)
{
	uint32_t i;

	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number && lanes[i].state == LANE_BLOCKED && lanes[i].outside &&
		    lanes[i].outside->child)
			return &lanes[i];
	return NULL;
}

void child_locks_look(struct lane *me)
{
	const struct region_child_lock *said = &region->child_lock;

	if (child_locks_said() && waiter())
		child_locks_fail(me, said->object | (int64_t)said->holder << HOLDER_SHIFT, false);
}

void child_locks_fail(struct lane *me, int64_t choice, bool forced)
{
	struct region_failure *failure = &region->failure;
	struct lane *waiting = forced ? any_waiter() : waiter();

	log_decision(me, DECISION_CHILD, choice, forced, NULL, 0);
	failure->edge_count = failure->cycle_length = 0;
	if (waiting)
		failure->edges[failure->edge_count++] = (struct region_edge){
			.lane = waiting->number,
			.kind = waiting->kind,
			.context = waiting->context,
			.object = (uint32_t)choice,
			.owner = (uint32_t)(choice >> HOLDER_SHIFT),
		};
	sched_fail(me, VERDICT_STUCK, "a child waits for a lock that none of its threads has");
}
