/*
 * The lane table. Slots are given out lowest first, so that the same run gets the same slots.
 */
#include "preload/lane.h"

#include <stddef.h>

#include "preload/compose.h"
#include "preload/log.h"
#include "preload/memory/calls.h"
#include "preload/memory/used.h"
#include "preload/object.h"
#include "preload/spin.h"

#define BY_NUMBER (2 * REGION_LANES)

struct schedule schedule SMALL;
struct lane lanes[REGION_LANES];
struct lane_held lane_held_more[REGION_LANES][LANE_HELD - LANE_HELD_FEW];
volatile uint32_t sched_attention;

static uint16_t slot_of[BY_NUMBER]; /* by number modulo the size, slot + 1; verified on use */
static uint32_t lowest_free;

struct lane *lane_by_number(uint32_t number)
{
	uint32_t slot = slot_of[number % BY_NUMBER];
	uint32_t i;

	if (slot && lanes[slot - 1].number == number)
		return &lanes[slot - 1];
	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number == number && number)
			return &lanes[i];
	return NULL;
}

/* Everything but the baton: a thread that has just ended may still be named by it. */
static void reset(struct lane *lane, uint32_t slot)
{
	__builtin_memset(lane, 0, sizeof *lane);
	lane->slot = slot;
	lane->deadline = -1;
}

struct lane *lane_new(struct lane *parent, enum lane_origin origin, void *(*start)(void *))
{
	uint32_t slot = lowest_free;
	struct lane *lane;
	size_t at = 0;

	while (slot < REGION_LANES && lanes[slot].number)
		slot++;
	if (slot == REGION_LANES)
		return NULL;
	lowest_free = slot + 1;
	lane = &lanes[slot];
	reset(lane, slot);
	lane->number = ++region->numbers.lane;
	slot_of[lane->number % BY_NUMBER] = (uint16_t)(slot + 1);
	lane->origin = origin;
	lane->parent = parent;
	lane->start = start;
	if (parent) {
		lane->parent_number = parent->number;
		lane->index = ++parent->children;
		lane->id_hash = hash_id(parent->id_hash, lane->index, 0);
	} else {
		lane->index = process_index + 1;
		lane->id_hash = hash_id(0, lane->index, 1);
	}
	if (parent)
		at = compose(lane->path, sizeof lane->path,
			     compose(lane->path, sizeof lane->path, 0, parent->path), ".");
	compose_number(lane->path, sizeof lane->path, at, lane->index);
	lane->state = LANE_RUNNABLE;
	if (slot >= schedule.lane_slots)
		schedule.lane_slots = slot + 1;
	schedule.live++;
	schedule.runnable[slot / 64] |= 1ull << (slot % 64);
	schedule.runnable_count++;
	if (schedule.live > 1)
		schedule.started = true;
	region->process[process_index].lanes++;
	log_lane(lane, (uint64_t)start);
	log_lane_state(lane);
	return lane;
}

void lane_free(struct lane *lane)
{
	uint32_t slot = lane->slot;

	if (lane->object_number)
		object_forget(lane);
	lane->number = 0;
	region->lane[slot].number = 0;
	if (slot < lowest_free)
		lowest_free = slot;
}

void lane_rename(struct lane *lane, const char *name)
{
	uint32_t i;

	for (i = 0; i + 1 < sizeof lane->name && name[i]; i++)
		lane->name[i] = name[i];
	for (; i < sizeof lane->name; i++)
		lane->name[i] = '\0';
	log_lane(lane, (uint64_t)lane->start);
}

void lane_hold(struct lane *lane, struct object *object, uint32_t context)
{
	uint32_t i;

	object->holder_number = lane->number;
	object->holder_context = context;
	object->holder_k = lane->k;
	spin_takes(lane, object, context);
	for (i = 0; i < lane->held_count; i++)
		if (lane_held(lane, i)->object == object) {
			lane_held(lane, i)->count++;
			return;
		}
	if (lane->held_count == LANE_HELD)
		return; /* the report names 64 of them */
	*lane_held(lane, lane->held_count++) = (struct lane_held){
		.object = object, .context = context, .count = 1, .k = lane->k
	};
	if (memory_used)
		calls_locks(lane);
}

void lane_drop(struct lane *lane, struct object *object)
{
	uint32_t i = lane->held_count;

	if (object->holder_number == lane->number)
		object->holder_number = 0;
	while (i-- > 0) {
		if (lane_held(lane, i)->object != object)
			continue;
		if (--lane_held(lane, i)->count == 0) {
			lane->held_count--;
			for (; i < lane->held_count; i++)
				*lane_held(lane, i) = *lane_held(lane, i + 1);
			if (memory_used)
				calls_locks(lane);
		}
		return;
	}
}
