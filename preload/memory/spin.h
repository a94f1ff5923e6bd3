/*
 * Loops that wait for what another lane writes: a lane that finds the same value at the same place
 * again and again asks for others to go first. A comparison that fails, and an exchange that
 * changes nothing, are such a look as well. Requires the turn.
 */
#ifndef PRELOAD_MEMORY_SPIN_H
#define PRELOAD_MEMORY_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"

#define SPIN_AFTER 2u    /* looks that found the same */
#define SPIN_READS 1000u /* of anything, with nothing changed in between: it may wait, too */

/* Is the lane, which is about to look at `object` or change it, likely to be waiting? */
static inline bool spin_again(struct lane *me, const struct object *object, uint32_t context)
{
	if (me->spin_object != object || me->spin_context != context) {
		me->spin_object = object;
		me->spin_context = context;
		me->spins = 0;
	}
	return me->spins >= SPIN_AFTER || (me->reads && me->reads % SPIN_READS == 0);
}

/* It has found this, and changed nothing. */
static inline void spin_found(struct lane *me, uint64_t value)
{
	me->spins = me->spins && me->spin_value == value ? me->spins + 1 : 1;
	me->spin_value = value;
	me->reads++;
}

static inline void spin_changed(struct lane *me)
{
	me->spins = me->reads = 0;
}

#endif
