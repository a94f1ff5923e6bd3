/*
 * Deadlock: a cycle in the wait-for graph, looked for whenever a lane blocks, also while others
 * live; or nobody can run and nothing outside can wake anyone (runtime.md). Only locks, joins and
 * running initialisers have owners; condition variables and semaphores can be served by anybody and
 * make no edges. So can the locks of an interpreter; but when nobody can run any more, who took
 * them last is who would have to release them.
 */
#include <stddef.h>

#include "preload/gate.h"
#include "preload/log.h"
#include "preload/sched.h"
#include "preload/sched_core.h"

static uint64_t visited[LANE_WORDS] SMALL;
static struct lane *path[REGION_LANES];

static bool at_the_end; /* nobody can run */

static bool waits_for_ever(const struct lane *lane)
{
	return lane->number && lane->state == LANE_BLOCKED && lane->deadline < 0 &&
	       !lane->no_deadlock && !lane->outside && lane->wait_object;
}

static const struct lane_held *holds(const struct lane *lane, const struct object *object)
{
	uint32_t i;

	for (i = 0; i < lane->held_count; i++)
		if (lane_held(lane, i)->object == object)
			return lane_held(lane, i);
	return NULL;
}

static bool reads(const struct lane *lane)
{
	return event_table[lane->kind].access == ACCESS_READ;
}

/*
 * The n-th lane that has to act before `lane` can go on, NULL when there are no more. A read-write
 * lock may have several readers; a reader may also be behind a writer that waits.
 */
static struct lane *owner_of(const struct lane *lane, uint32_t n)
{
	const struct object *object = lane->wait_object;
	struct lane *other;
	uint32_t i;

	if (object->lane)
		return n == 0 ? object->lane : NULL;
	if (object->owner)
		return n == 0 ? object->owner : NULL;
	if (object->kind == OBJECT_LOCK && at_the_end) {
		other = object->holder_number ? lane_by_number(object->holder_number) : NULL;
		/* A lock that its lane takes again to be woken (threading.Condition): anybody's. */
		return n == 0 && other != lane ? other : NULL;
	}
	if (object->kind != OBJECT_RWLOCK)
		return NULL;
	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number && holds(&lanes[i], object) && n-- == 0)
			return &lanes[i];
	if (!object->readers || !reads(lane))
		return NULL;
	for (other = object->first_waiter; other; other = other->wait_next)
		if (other->state == LANE_BLOCKED && !reads(other) && n-- == 0)
			return other;
	return NULL;
}

/* Depth first from `lane` to `goal`; the way is in path[0..depth]. */
static uint32_t search(struct lane *lane, struct lane *goal, uint32_t depth)
{
	struct lane *owner;
	uint32_t n, length;

	path[depth] = lane;
	for (n = 0; (owner = owner_of(lane, n)) != NULL; n++) {
		if (owner == goal)
			return depth + 1;
		if (!waits_for_ever(owner) || depth + 1 >= 256 ||
		    (visited[owner->slot / 64] >> (owner->slot % 64) & 1))
			continue;
		visited[owner->slot / 64] |= 1ull << (owner->slot % 64);
		length = search(owner, goal, depth + 1);
		if (length)
			return length;
	}
	return 0;
}

static void add_edge(struct region_failure *failure, struct lane *lane, const struct lane *owner)
{
	struct region_edge *edge;
	const struct lane_held *held;

	if (failure->edge_count == REGION_EDGES)
		return;
	edge = &failure->edges[failure->edge_count++];
	edge->lane = lane->number;
	edge->kind = lane->kind;
	edge->object = lane->wait_object ? lane->wait_object->number : 0;
	edge->context = lane->context;
	edge->owner = owner ? owner->number : 0;
	edge->owner_context = 0;
	edge->owner_k = 0;
	if (!owner && lane->wait_object && lane->wait_object->holder_number) {
		/* Held by a lane that has ended. */
		edge->owner = lane->wait_object->holder_number;
		edge->owner_context = lane->wait_object->holder_context;
		edge->owner_k = lane->wait_object->holder_k;
		return;
	}
	held = owner && lane->wait_object ? holds(owner, lane->wait_object) : NULL;
	edge->owner_context = held ? held->context : 0;
	edge->owner_k = held ? held->k : 0;
}

/* All others that wait as well, for the story. */
static void add_bystanders(struct region_failure *failure, uint32_t cycle)
{
	uint32_t i, j;

	for (i = 0; i < schedule.lane_slots; i++) {
		struct lane *lane = &lanes[i];

		if (!lane->number || lane->state != LANE_BLOCKED)
			continue;
		for (j = 0; j < cycle; j++)
			if (path[j] == lane)
				break;
		if (j == cycle)
			add_edge(failure, lane, lane->wait_object ? owner_of(lane, 0) : NULL);
	}
}

static void find_cycle(struct lane *me)
{
	struct region_failure *failure = &region->failure;
	uint32_t length, i;

	if (!waits_for_ever(me))
		return;
	for (i = 0; i < (schedule.lane_slots + 63) / 64; i++)
		visited[i] = 0;
	length = search(me, me, 0);
	if (!length)
		return;
	failure->edge_count = 0;
	failure->cycle_length = length;
	for (i = 0; i < length; i++)
		add_edge(failure, path[i], path[(i + 1) % length]);
	add_bystanders(failure, length);
	sched_fail(me, VERDICT_DEADLOCK, "threads wait for each other in a cycle");
}

void deadlock_check(struct lane *me)
{
	find_cycle(me);
}

void deadlock_stuck(struct lane *me)
{
	uint32_t i;

	at_the_end = true;
	for (i = 0; gate_code && i < schedule.lane_slots; i++)
		if (lanes[i].number)
			find_cycle(&lanes[i]);
	region->failure.edge_count = 0;
	region->failure.cycle_length = 0;
	add_bystanders(&region->failure, 0);
	sched_fail(me, VERDICT_STUCK, "no thread can run, and nothing can wake one");
}
