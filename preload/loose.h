/*
 * Loosely forced decisions: those of the plan that are taken wherever a lane comes to their point,
 * whatever has happened before (PLAN_LOOSE). Requires the turn.
 */
#ifndef PRELOAD_LOOSE_H
#define PRELOAD_LOOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/decide.h"

/* Those of the plan that is in force now; none was taken. */
void loose_read(void);

/* The one of this kind at me's point, if there is one: then takes it; true, *choice is set. */
bool loose_forced(const struct lane *me, enum decision_kind kind, int64_t *choice);

/* The same for a lane that goes on: NULL where it cannot. */
struct lane *loose_lane(struct lane *me, enum decision_kind kind);

/*
 * The pending operation is no point in this run: a lane that is loosely forced to go on before it
 * does so at the next one.
 */
void loose_put_off(struct lane *me);

#endif
