/*
 * The states of lanes, and the queues of objects: who waits, who is woken, and who may take an
 * object that has become free.
 */
#include <stddef.h>

#include "preload/decide.h"
#include "preload/log.h"
#include "preload/sched.h"
#include "preload/sched_core.h"
#include "preload/timers.h"

#define NEVER INT64_MAX

void core_set_blocked(struct lane *lane)
{
	lane->state = LANE_BLOCKED;
	schedule.runnable[lane->slot / 64] &= ~(1ull << (lane->slot % 64));
	schedule.runnable_count--;
	if (lane->deadline >= 0) {
		if (schedule.timed++ == 0 || lane->deadline < schedule.next_deadline)
			schedule.next_deadline = lane->deadline;
	}
	if (lane->outside) {
		schedule.outside_count++;
		schedule.outside_dirty = true;
	}
	if (lane->no_deadlock)
		schedule.foreign_waits++;
	log_lane_state(lane);
}

void core_set_runnable(struct lane *lane)
{
	lane->state = LANE_RUNNABLE;
	schedule.runnable[lane->slot / 64] |= 1ull << (lane->slot % 64);
	schedule.runnable_count++;
	if (lane->deadline >= 0)
		schedule.timed--;
	if (lane->outside)
		schedule.outside_count--;
	if (lane->no_deadlock)
		schedule.foreign_waits--;
	log_lane_state(lane);
}

void core_enqueue(struct lane *lane, struct object *object, uint32_t tag, bool retry)
{
	lane->wait_object = object;
	lane->wait_tag = tag;
	lane->wait_retry = retry;
	lane->wait_order = ++schedule.wait_counter;
	if (!object)
		return;
	lane->wait_next = NULL;
	lane->wait_previous = object->last_waiter;
	if (object->last_waiter)
		object->last_waiter->wait_next = lane;
	else
		object->first_waiter = lane;
	object->last_waiter = lane;
	object->waiters++;
}

void core_dequeue(struct lane *lane)
{
	struct object *object = lane->wait_object;

	lane->wait_object = NULL;
	if (!object)
		return;
	if (lane->wait_previous)
		lane->wait_previous->wait_next = lane->wait_next;
	else
		object->first_waiter = lane->wait_next;
	if (lane->wait_next)
		lane->wait_next->wait_previous = lane->wait_previous;
	else
		object->last_waiter = lane->wait_previous;
	lane->wait_next = lane->wait_previous = NULL;
	object->waiters--;
}

void core_wake_due(void)
{
	int64_t next = NEVER;
	uint32_t i;

	timers_fire();
	if (!schedule.timed || schedule.now < schedule.next_deadline)
		return;
	for (i = 0; i < schedule.lane_slots; i++) {
		struct lane *lane = &lanes[i];

		if (!lane->number || lane->state != LANE_BLOCKED || lane->deadline < 0)
			continue;
		if (lane->deadline <= schedule.now) {
			lane->wake = WAKE_TIMEOUT;
			core_set_runnable(lane);
		} else if (lane->deadline < next) {
			next = lane->deadline;
		}
	}
	schedule.next_deadline = next;
}

void sched_wake_lane(struct lane *lane, enum lane_wake why)
{
	if (lane->state != LANE_BLOCKED)
		return;
	lane->wake = why;
	core_set_runnable(lane);
}

uint32_t sched_wake(struct lane *me, struct object *object, uint32_t mask, uint32_t n)
{
	static struct lane *candidates[REGION_LANES]; /* one user at a time */
	static uint32_t numbers[REGION_LANES];
	uint32_t count = 0, woken = 0, index;
	struct lane *lane;

	for (lane = object->first_waiter; lane; lane = lane->wait_next)
		if ((lane->wait_tag & mask) && lane->state == LANE_BLOCKED) {
			numbers[count] = lane->number;
			candidates[count++] = lane;
		}
	while (count && woken < n) {
		index = count > n - woken
				? decide_lane(me, DECISION_SIGNAL, candidates, numbers, count)
				: 0;
		lane = candidates[index];
		for (count--; index < count; index++) {
			candidates[index] = candidates[index + 1];
			numbers[index] = numbers[index + 1];
		}
		core_dequeue(lane);
		lane->wake = WAKE_NORMAL;
		core_set_runnable(lane);
		woken++;
	}
	return woken;
}

void sched_release(struct object *object, uint32_t mask)
{
	struct lane *lane;

	for (lane = object->first_waiter; lane; lane = lane->wait_next)
		if ((lane->wait_tag & mask) && lane->state == LANE_BLOCKED) {
			lane->wait_retry = true;
			lane->wake = WAKE_NORMAL;
			core_set_runnable(lane);
		}
}

void sched_taken(struct object *object, uint32_t mask)
{
	struct lane *lane;

	for (lane = object->first_waiter; lane; lane = lane->wait_next)
		if ((lane->wait_tag & mask) && lane->wait_retry && lane->state == LANE_RUNNABLE &&
		    lane->wake == WAKE_NORMAL && lane != schedule.current)
			core_set_blocked(lane);
}

uint32_t sched_requeue(struct object *from, struct object *to, uint32_t n)
{
	struct lane *lane = from->first_waiter, *next;
	uint32_t moved = 0;

	for (; lane && moved < n; lane = next) {
		uint32_t tag = lane->wait_tag;

		next = lane->wait_next;
		if (lane->state != LANE_BLOCKED)
			continue;
		core_dequeue(lane);
		core_enqueue(lane, to, tag, false);
		moved++;
	}
	return moved;
}

static bool takes(unsigned kind)
{
	return event_table[kind].access == ACCESS_ACQUIRE ||
	       event_table[kind].access == ACCESS_READ;
}

/* Is another lane about to take the object, by an operation that waits or one that does not? */
static bool about_to_be_taken(const struct lane *me, const struct object *object, uint32_t mask)
{
	const struct lane *lane;
	uint32_t i;

	for (lane = object->first_waiter; lane; lane = lane->wait_next)
		if ((lane->wait_tag & mask) && lane->wait_retry && lane->state == LANE_RUNNABLE)
			return true;
	for (i = 0; i < schedule.lane_slots; i++) {
		lane = &lanes[i];
		if (lane->number && lane != me && lane->state == LANE_RUNNABLE && lane->announced &&
		    lane->object == object && takes(lane->kind) &&
		    event_dependent(lane->kind, 1, me->kind, 1))
			return true;
	}
	return false;
}

bool sched_try_fails(struct lane *me, struct object *object, uint32_t mask)
{
	if (decide_clock_choices() && !decide_scripted() && !about_to_be_taken(me, object, mask))
		return false;
	return decide_choose(me, DECISION_TRYLOCK, 2) != 0;
}
