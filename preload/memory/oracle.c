/*
 * See oracle.h.
 */
#include "preload/memory/oracle.h"

#include <stddef.h>
#include <string.h>

#include "preload/log.h"
#include "preload/memory/access.h"
#include "preload/memory/blocks.h"
#include "preload/memory/bytes.h"
#include "preload/real.h"
#include "preload/sched.h"

#define POISONED 256u /* bytes of a block: what is read of it by code that is not watched */
#define POISON 0xdd

static bool on_stack(const struct lane *lane, uint64_t address)
{
	return address - lane->stack.lo < lane->stack.hi - lane->stack.lo;
}

const struct lane *oracle_stack_of(const struct lane *me, uint64_t address)
{
	uint32_t i;

	if (on_stack(me, address))
		return me;
	for (i = 0; address >= ORACLE_STACKS && i < schedule.lane_slots; i++)
		if (lanes[i].number && lanes[i].state != LANE_DONE && on_stack(&lanes[i], address))
			return &lanes[i];
	return NULL;
}

bool oracle_others_stack(const struct lane *me, uint64_t address)
{
	uint32_t i;

	if (address < ORACLE_STACKS || on_stack(me, address))
		return false;
	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number && on_stack(&lanes[i], address))
			return true;
	return false;
}

/* Below the frame in which the lane stands nothing is anybody's. */
static const struct lane *dead_stack(const struct lane *me, uint64_t address)
{
	const struct lane *ended = NULL, *lane;
	uint32_t i;

	if (address < ORACLE_STACKS || on_stack(me, address))
		return NULL;
	for (i = 0; i < schedule.lane_slots; i++) {
		lane = &lanes[i];
		if (!lane->number || lane == me || !on_stack(lane, address))
			continue;
		if (lane->state == LANE_DONE)
			ended = lane; /* its stack may be another's by now */
		else
			return on_stack(lane, lane->last.sp) && address < lane->last.sp ? lane
											: NULL;
	}
	return ended;
}

struct oracle oracle_ask(const struct lane *me, uint64_t address)
{
	const struct freed *freed = quarantine_find(address);
	struct oracle oracle = { .kind = ORACLE_FINE };
	const struct lane *owner;

	if (freed) {
		oracle.kind = ORACLE_FREED;
		oracle.freed = *freed;
		oracle.owner = freed->lane;
		return oracle;
	}
	owner = dead_stack(me, address);
	if (owner) {
		oracle.kind = ORACLE_DEAD_STACK;
		oracle.owner = owner->number;
	}
	return oracle;
}

void oracle_fail(struct lane *me, const struct oracle *oracle, uint64_t address,
		 const char *sentence)
{
	struct region_failure *failure = &region->failure;

	if (failure->kind == VERDICT_NONE) {
		failure->address = address;
		failure->frame_count =
			log_context_frames(me->context, failure->frames, REGION_FRAMES);
		failure->edges[0] = (struct region_edge){
			.lane = me->number,
			.kind = me->kind,
			.object = me->object ? me->object->number : 0,
			.context = me->context,
			.owner = oracle->owner,
			.owner_context = oracle->freed.context,
			.owner_k = oracle->freed.k,
		};
		failure->edge_count = 1;
		failure->cycle_length = 0;
	}
	sched_fail(me, VERDICT_MEMORY, sentence);
}

void oracle_check(struct lane *me, uint64_t address, uint32_t context)
{
	struct oracle oracle = { .kind = ORACLE_FREED };
	const struct freed *freed = quarantine_find(address);

	if (__builtin_expect(!freed, 1))
		return;
	oracle.freed = *freed;
	oracle.owner = freed->lane;
	me->context = context;
	oracle_fail(me, &oracle, address, "use after free");
}

void oracle_misuse(struct lane *me, const struct object *object, const char *sentence)
{
	struct oracle oracle = { .owner = object->holder_number };

	oracle.freed.context = object->holder_context;
	oracle.freed.k = object->holder_k;
	oracle_fail(me, &oracle, object->address, sentence);
}

/* Where others have used the memory, giving it back is what they have to come before. */
static void add_events(struct lane *me, uint32_t context, uint64_t address, uint64_t size)
{
	struct object *found[BYTES_OBJECTS];
	uint32_t count = memory_used_in(me, address, size, context, found), i;

	for (i = 0; i < count; i++) {
		if (i)
			sched_begin(me, EVENT_FREE, found[i], context);
		else
			sched_point(me, EVENT_FREE, found[i], context, 0);
		sched_done(me, 0);
	}
}

static void give_back(const struct freed *freed)
{
	bytes_forget(freed->start, freed->size);
	blocks_remove(freed->start);
	real.free((void *)(uintptr_t)freed->start);
}

bool oracle_free(struct lane *me, const struct unwind_start *start, uint64_t address, uint64_t size)
{
	uint32_t context = runtime_context(start);
	struct freed freed = { .start = address, .size = size };
	struct oracle oracle;

	add_events(me, context, address, size);
	oracle = oracle_ask(me, address);
	if (oracle.kind == ORACLE_FREED) {
		me->kind = EVENT_FREE;
		me->context = context;
		oracle_fail(me, &oracle, address, "double free");
	}
	freed.lane = me->number;
	freed.context = context;
	freed.k = me->k;
	if (!quarantine_put(&freed, give_back))
		return false;
	filter_forget(address, size);
	memset((void *)(uintptr_t)address, POISON, size < POISONED ? size : POISONED);
	return true;
}
