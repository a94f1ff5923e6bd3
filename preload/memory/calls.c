/*
 * See calls.h. A context is its caller and the context of that (a calling context tree, Ammons,
 * Ball and Larus, PLDI'97); one with locks is a child without a caller.
 */
#include "preload/memory/calls.h"

#include <string.h>

#include "preload/object.h"

#define PLACES 32768u /* of the index: half of them stay free */
#define FIRST_PLACES 128u
#define GROWTH 8
#define SETS 1024u
#define SET_LOCKS 8u

struct lock_set {
	uint32_t count; /* also of those that are not kept */
	uint32_t objects[SET_LOCKS];
};

uint64_t calls_frames[HB_LANES][CALLS_DEPTH];

struct call calls[CALLS];
static uint16_t first_places[FIRST_PLACES] SMALL;
static uint16_t all_places[PLACES];
static uint16_t *places = first_places; /* numbers by hash; 0: free */
static uint32_t place_count = FIRST_PLACES;
static uint32_t call_count = 1;
static struct lock_set sets[SETS]; /* by number; 0 is none */
static uint16_t set_places[2 * SETS];
static uint32_t set_count = 1;

static uint32_t place_of(const struct call *call)
{
	uint64_t key =
		call->caller + ((uint64_t)call->parent << 32) + ((uint64_t)call->locks << 48);

	return (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 40) % place_count;
}

static void put_in(uint32_t number)
{
	uint32_t place = place_of(&calls[number]);

	while (places[place])
		place = (place + 1) % place_count;
	places[place] = (uint16_t)number;
}

static void grow(void)
{
	uint32_t number;

	if (places == first_places)
		places = all_places;
	else
		memset(places, 0, place_count * sizeof *places);
	place_count = place_count * GROWTH < PLACES ? place_count * GROWTH : PLACES;
	for (number = 1; number < call_count; number++)
		put_in(number);
}

static uint16_t find(const struct call *wanted)
{
	uint32_t place = place_of(wanted);
	const struct call *call;

	for (; places[place]; place = (place + 1) % place_count) {
		call = &calls[places[place]];
		if (call->caller == wanted->caller && call->parent == wanted->parent &&
		    call->locks == wanted->locks)
			return places[place];
	}
	if (call_count == CALLS)
		return 0;
	calls[call_count] = *wanted;
	put_in(call_count++);
	if (2 * call_count > place_count && place_count < PLACES)
		grow();
	return (uint16_t)(call_count - 1);
}

uint16_t calls_find(uint16_t parent, uint64_t caller)
{
	calls[parent].child = find(&(struct call){ .caller = caller, .parent = parent });
	calls[parent].child_caller = caller;
	return calls[parent].child;
}

uint16_t calls_find_locked(uint16_t parent, uint16_t locks)
{
	calls[parent].locked = find(&(struct call){ .parent = parent, .locks = locks });
	calls[parent].locked_set = locks;
	return calls[parent].locked;
}

static uint16_t find_set(const struct lane *lane)
{
	struct lock_set set = { .count = lane->held_count };
	uint32_t i, place = set.count;

	for (i = 0; i < set.count && i < SET_LOCKS; i++) {
		set.objects[i] = lane_held(lane, i)->object->number;
		place = place * 31 + set.objects[i];
	}
	for (place %= 2 * SETS; set_places[place]; place = (place + 1) % (2 * SETS))
		if (!memcmp(&sets[set_places[place]], &set, sizeof set))
			return set_places[place];
	if (set_count == SETS)
		return 0;
	sets[set_count] = set;
	set_places[place] = (uint16_t)set_count;
	return (uint16_t)set_count++;
}

void calls_locks(struct lane *lane)
{
	if (!hb_on || lane->slot >= HB_LANES)
		return;
	lane->locks = lane->held_count ? find_set(lane) : 0;
	calls_set(lane, calls_context(lane));
}

uint32_t calls_stack(uint16_t where, uint64_t *pcs, uint32_t most)
{
	uint32_t count = 0;

	for (; where && count < most; where = calls[where].parent)
		if (calls[where].caller)
			pcs[count++] = calls[where].caller;
	return count;
}

uint32_t calls_held(uint16_t where, uint32_t *objects, uint32_t most)
{
	const struct lock_set *set = &sets[calls[where].locks];
	uint32_t kept;

	if (!where || !calls[where].locks)
		return 0;
	kept = set->count < SET_LOCKS ? set->count : SET_LOCKS;
	memcpy(objects, set->objects, (kept < most ? kept : most) * sizeof *objects);
	return set->count;
}
