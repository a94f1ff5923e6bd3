/*
 * Decisions: the plan's prefix first, then the strategy; every choice that is not the default is
 * logged.
 */
#ifndef PRELOAD_DECIDE_H
#define PRELOAD_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/plan.h"
#include "formats/record.h"
#include "preload/lane.h"

/* Reads the plan's sections. 0 or negative errno (unknown required section, malformed). */
int decide_init(void);

/* Reads the plan again, which the CLI has replaced while the run stood still. */
void decide_restart(void);

/* Run parameters from the plan; never NULL after decide_init(). */
const struct plan_run *decide_run(void);

/*
 * The lane that goes on at me's point: one that is RUNNABLE, as me is. Logs the decision unless me
 * simply goes on.
 */
struct lane *decide_pick(struct lane *me);

/*
 * The lane that goes on while me's operation blocks, or after its end: one that is RUNNABLE (at
 * least one is). Logs the decision unless there is no choice; after idle waiting (`idled`) also
 * then, so that a replay knows where the decisions of that wait end.
 */
struct lane *decide_next(struct lane *me, bool idled);

/*
 * Index below count; 0 is the default and is not logged. `me` is the lane at whose point it
 * happens.
 */
uint32_t decide_choose(struct lane *me, enum decision_kind kind, uint32_t count);

/* The same among lanes, given with their numbers; the choice is written down as a number. */
uint32_t decide_lane(struct lane *me, enum decision_kind kind, struct lane *const *of,
		     const uint32_t *numbers, uint32_t count);

/*
 * Is the next forced decision of this kind, at me's point? Then takes it: true, *choice is set.
 * Always false when no prefix is active.
 */
bool decide_forced(struct lane *me, enum decision_kind kind, int64_t *choice);

/* The same, without taking it. */
bool decide_expects(struct lane *me, enum decision_kind kind, int64_t *choice);

/*
 * True while the prefix has entries left (a replay): the outside must not be asked for new
 * decisions.
 */
extern bool decide_script_active;
static inline bool decide_scripted(void)
{
	return decide_script_active;
}

/* All of the prefix has been used: what follows, if anything, is up to the strategy. */
bool decide_exhausted(void);

/*
 * May the prefix have something for this point? False for nearly all points of a replay, which need
 * no further question then.
 */
bool decide_due(const struct lane *me);

/*
 * The run cannot go on as the plan demands: ends it (DIVERGED), or with FOLLOW drops the prefix and
 * notes it.
 */
void decide_diverge(struct lane *me, const char *text);

/*
 * Does the strategy want this to happen now, at me's point, although it need not? Not logged as a
 * decision. `whom` is the lane that it would happen to, or NULL. False while scripted.
 */
bool decide_chance(struct lane *me, enum decision_kind kind, const struct lane *whom);

/* Does the strategy want chances to let the clock jump early? */
bool decide_clock_choices(void);

/*
 * The only lane that can run goes on at its point: says so to a strategy that wants to know, which
 * is when decide_noting.
 */
extern bool decide_noting;
void decide_note(struct lane *me);

/* Pauses at a stop condition when (lane, k) is reached; called at points while `stopping`. */
extern bool decide_stopping;
void decide_stop_check(struct lane *me);

/* A section of the plan; NULL when absent. *length in bytes. */
const void *decide_section(enum plan_type type, uint32_t *length);

#endif
