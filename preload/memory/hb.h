/*
 * Happens-before between lanes, by vector clocks (FastTrack, Flanagan and Freund, PLDI'09): what
 * operations on objects order, and atomic operations on memory, by their memory order. Where it is
 * not sure that something orders two lanes it is taken to do so: a race that is reported is one.
 * Requires the turn. Part of the schedule's memory.
 */
#ifndef PRELOAD_MEMORY_HB_H
#define PRELOAD_MEMORY_HB_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/event.h"
#include "preload/lane.h"
#include "preload/object.h"

#define HB_LANES 64u /* slots; where there are more, no races are looked for */

/* Clocks are kept. */
extern bool hb_on;

void hb_start(bool on);

/* An event of the lane, with its object: what it orders. */
void hb_event(struct lane *me, enum event_phase phase);

/* It orders nothing, as those of most accesses to memory. */
static inline bool hb_is_nothing(const struct lane *me)
{
	return !hb_on || (me->stamp.clock && me->object && me->object->kind == OBJECT_VARIABLE);
}

/* The object with these clocks (struct object) has ended. */
void hb_drop(uint32_t clocks);

/* An atomic operation, by a memory order of the compiler's (__ATOMIC_*), and a fence. */
void hb_atomic(struct lane *me, uint64_t address, bool reads, bool writes, int order);
void hb_fence(struct lane *me, int order);

/* What the lane in `slot` did at its `clock` has happened before what `me` does now. */
bool hb_knows(const struct lane *me, uint32_t slot, uint32_t clock);

#endif
