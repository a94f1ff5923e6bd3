/*
 * Where each lane is: the calls of instrumented code that it is in, and the locks that it holds,
 * as one small number, so that the shadow of a word can keep that of its last accesses. Both are
 * in tables of the run, each calling context once. Not for events, whose stacks are walked
 * (context.h): an access that goes on has no time for that. What is not instrumented is no call.
 * Requires the turn.
 */
#ifndef PRELOAD_MEMORY_CALLS_H
#define PRELOAD_MEMORY_CALLS_H

#include <stdint.h>

#include "preload/lane.h"
#include "preload/memory/hb.h"

#define CALLS_DEPTH 128u /* calls of a lane that are told apart; deeper ones are their caller's */

struct call {
	uint64_t caller; /* 0: the same call, with `locks` */
	uint16_t parent;
	uint16_t locks; /* number of a set */
	/* the last that were asked for: a function called here, and what is held here */
	uint16_t child, locked;
	uint64_t child_caller;
	uint16_t locked_set;
};

#define CALLS 16384u
extern struct call calls[CALLS]; /* by number; 0 is none */

/* For each lane its calls, outermost first: stack pointer << 16 | number of the context. */
extern uint64_t calls_frames[HB_LANES][CALLS_DEPTH];

/* The locks of the lane have changed: lane_hold(), lane_drop(). */
void calls_locks(struct lane *lane);

/*
 * The number, kept until the end of the run, of a function called from `caller` in context
 * `parent`; of what the lane holds in context `parent`. 0: there are too many.
 */
uint16_t calls_find(uint16_t parent, uint64_t caller);
uint16_t calls_find_locked(uint16_t parent, uint16_t locks);

/* The return addresses of a context, innermost first, at most `most`; how many. */
uint32_t calls_stack(uint16_t where, uint64_t *pcs, uint32_t most);

/* The locks of a context, by their number in the trace, at most `most`; how many there are. */
uint32_t calls_held(uint16_t where, uint32_t *objects, uint32_t most);

/* The stamp is read as a whole soon, which is slow if only a part of it was written. */
static inline void calls_set(struct lane *me, uint16_t context)
{
	const struct call *call = &calls[context];

	if (me->locks)
		context = call->locked_set == me->locks ? call->locked
							: calls_find_locked(context, me->locks);
	me->stamp.word = (me->stamp.word & ~0xffff0000ull) | (uint64_t)context << 16;
}

static inline uint16_t calls_context(const struct lane *me)
{
	uint32_t depth = me->calls < CALLS_DEPTH ? me->calls : CALLS_DEPTH;

	return depth ? (uint16_t)calls_frames[me->slot][depth - 1] : 0;
}

/* A function has been called, with the stack pointer `sp`. */
static inline void calls_enter(struct lane *me, uint64_t caller, uint64_t sp)
{
	uint64_t *frames = calls_frames[me->slot];
	uint32_t top = me->calls < CALLS_DEPTH ? me->calls : CALLS_DEPTH, depth = top;
	uint16_t parent, context;

	/* Those below it were left by a longjmp. */
	while (depth && frames[depth - 1] >> 16 <= sp)
		depth--;
	if (depth < top)
		me->calls = depth;
	me->calls++;
	if (depth == CALLS_DEPTH)
		return;
	parent = depth ? (uint16_t)frames[depth - 1] : 0;
	context = calls[parent].child_caller == caller ? calls[parent].child
						       : calls_find(parent, caller);
	frames[depth] = sp << 16 | context;
	calls_set(me, context);
}

static inline void calls_leave(struct lane *me)
{
	if (!me->calls) /* it was entered when nobody counted */
		return;
	me->calls--;
	calls_set(me, calls_context(me));
}

#endif
