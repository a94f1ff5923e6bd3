/*
 * See hb.h. A lane's own component goes up when it lets others know (a release), and when it gets
 * to know of others. Clocks of objects come from a pool; when that is used up, all the others share
 * one, which orders more than it should.
 */
#include "preload/memory/hb.h"

#include <stddef.h>
#include <string.h>

#include "preload/object.h"
#include "preload/sched.h"

#define CLOCKS 8192u
#define ATOMICS 4096u /* words with atomic operations, direct mapped */

struct clocks {
	uint32_t of[HB_LANES];
};

bool hb_on;

/* 0: shared by the objects that get none of their own. Lanes have theirs here, too. */
static struct clocks pool[CLOCKS + HB_LANES];
static uint32_t lane_clocks[HB_LANES] SMALL;
static uint32_t used = 1, free_list; /* chained through of[0] */
static struct {
	uint64_t address;
	uint32_t clocks;
} atomics[ATOMICS];
static uint32_t fence_clocks;

void hb_start(bool on)
{
	hb_on = on;
}

static struct clocks *clocks_of_lane(uint32_t slot)
{
	return &pool[lane_clocks[slot]];
}

static struct clocks *clocks_at(uint32_t *index)
{
	if (!*index) {
		if (free_list) {
			*index = free_list;
			free_list = pool[free_list].of[0];
			memset(&pool[*index], 0, sizeof *pool);
		} else if (used < CLOCKS) {
			*index = used++;
		}
	}
	return &pool[*index];
}

void hb_drop(uint32_t clocks)
{
	if (!clocks)
		return;
	pool[clocks].of[0] = free_list;
	free_list = clocks;
}

/* True when it was news. */
static bool join(struct clocks *to, const struct clocks *from)
{
	uint32_t i, count = schedule.lane_slots < HB_LANES ? schedule.lane_slots : HB_LANES;
	bool news = false;

	for (i = 0; i < count; i++)
		if (from->of[i] > to->of[i]) {
			to->of[i] = from->of[i];
			news = true;
		}
	return news;
}

/* Accesses at one time have the same behind them: filter_repeats(). */
static void acquire(struct lane *me, uint32_t *index)
{
	if (*index && join(clocks_of_lane(me->slot), clocks_at(index)))
		me->stamp.clock++;
}

static void release(struct lane *me, uint32_t *index)
{
	struct clocks *mine = clocks_of_lane(me->slot);

	mine->of[me->slot] = me->stamp.clock;
	join(clocks_at(index), mine);
	mine->of[me->slot] = ++me->stamp.clock;
}

/* A lane comes into a slot that another one had: it goes on counting. */
static void meet(struct lane *me)
{
	struct clocks *mine;

	if (me->stamp.clock)
		return;
	if (!lane_clocks[me->slot])
		lane_clocks[me->slot] = used++;
	mine = clocks_of_lane(me->slot);
	me->stamp.clock = mine->of[me->slot] + 1;
	memset(mine, 0, sizeof *mine);
	mine->of[me->slot] = me->stamp.clock;
}

static bool watch(struct lane *me)
{
	if (!hb_on)
		return false;
	if (me->slot >= HB_LANES) {
		hb_on = false;
		return false;
	}
	meet(me);
	return true;
}

/* Both ways: data that goes through a pipe, everybody's arrival at a barrier. */
static bool goes_both_ways(unsigned kind)
{
	return kind == EVENT_BARRIER_WAIT || (kind >= EVENT_READ && kind <= EVENT_IPC) ||
	       (kind >= EVENT_FILE_OPEN && kind <= EVENT_FILE_CHANGE);
}

void hb_event(struct lane *me, enum event_phase phase)
{
	unsigned access = event_table[me->kind].access;
	struct object *object = me->object, *second = me->object2;
	bool takes, gives;

	if (!watch(me) || !object || object->kind == OBJECT_VARIABLE)
		return;
	takes = access == ACCESS_ACQUIRE || access == ACCESS_READ || goes_both_ways(me->kind) ||
		me->kind == EVENT_THREAD_START;
	gives = access == ACCESS_RELEASE || access == ACCESS_WRITE || goes_both_ways(me->kind);
	if (phase != PHASE_DONE) { /* who waits at a barrier has arrived */
		takes = false;
		gives = me->kind == EVENT_BARRIER_WAIT;
	}
	if (gives)
		release(me, &object->clocks);
	if (gives && second)
		release(me, &second->clocks);
	if (takes)
		acquire(me, &object->clocks);
	if (takes && second)
		acquire(me, &second->clocks);
}

static uint32_t *clocks_of(uint64_t address)
{
	uint32_t at = (uint32_t)(address * 0x9e3779b97f4a7c15ull >> 40) % ATOMICS;

	if (atomics[at].address != address) {
		/* The one before it orders more than it should from here on, if it comes back. */
		atomics[at].clocks = atomics[at].address ? 0 : atomics[at].clocks;
		atomics[at].address = address;
	}
	return &atomics[at].clocks;
}

void hb_atomic(struct lane *me, uint64_t address, bool reads, bool writes, int order)
{
	uint32_t *clocks;

	if (order == __ATOMIC_RELAXED || !watch(me))
		return;
	clocks = clocks_of(address);
	if (reads && order != __ATOMIC_RELEASE)
		acquire(me, clocks);
	if (writes && order != __ATOMIC_ACQUIRE && order != __ATOMIC_CONSUME)
		release(me, clocks);
}

void hb_fence(struct lane *me, int order)
{
	if (order == __ATOMIC_RELAXED || !watch(me))
		return;
	acquire(me, &fence_clocks);
	release(me, &fence_clocks);
}

bool hb_knows(const struct lane *me, uint32_t slot, uint32_t clock)
{
	return clock <= clocks_of_lane(me->slot)->of[slot];
}
