/*
 * A store that has been announced and not yet written down, see access.h. Whoever opens an
 * operation of a lane, or takes memory away from the program, settles it first.
 */
#ifndef PRELOAD_MEMORY_SETTLE_H
#define PRELOAD_MEMORY_SETTLE_H

#include "preload/lane.h"

/* The lane's store has taken place, `me->stored` is set: its event, with the new value. */
void memory_settle(struct lane *me);

#endif
