/*
 * What strategies remember of lanes, and fairness: nobody waits for ever behind others that spin,
 * whatever the priorities. A pick of a strategy is one step:
 *
 *	strategy_look(state, pick);
 *	if (strategy_gives_way(state, pick)) ...
 *	... state->lane[slot].news, .priority; state->starving; strategy_is_held() ...
 *	return strategy_ran(state, slot);
 */
#ifndef PRELOAD_STRATEGY_LANES_H
#define PRELOAD_STRATEGY_LANES_H

#include "formats/event.h"
#include "preload/strategy.h"

enum strategy_news {
	STRATEGY_OLD,
	STRATEGY_NEW_OPERATION, /* another operation, or it has waited in this one since */
	STRATEGY_NEW_LANE,      /* nothing is known of it but its operation */
};

/* After so many steps in which others went on instead of it a lane is starving. */
#define STRATEGY_PATIENCE 10000

/* Looks at one lane: sets id, k, stage and news. */
struct strategy_lane *strategy_meet(struct strategy_state *state, const struct strategy_pick *pick,
				    uint32_t slot);

/* Counts a step and looks at all lanes that can run. */
void strategy_look(struct strategy_state *state, const struct strategy_pick *pick);

/*
 * Does the lane that asks let others go first now? It does so with probability 1/2 each time that
 * it yields or is about to sleep, and the fourth time in any case. After strategy_look(), once.
 */
bool strategy_gives_way(struct strategy_state *state, const struct strategy_pick *pick);

/*
 * Holding a lane back until each of the others that can run has gone on once. At least one lane
 * that can run is not held (after Musuvathi and Qadeer, "Fair stateless model checking", PLDI'08).
 */
static inline void strategy_hold(struct strategy_state *state, uint32_t slot)
{
	state->lane[slot].held = state->step;
}

static inline bool strategy_is_held(const struct strategy_state *state, uint32_t slot)
{
	return state->lane[slot].held >
	       (slot == state->longest ? state->second_ran : state->longest_ran);
}

/* This one goes on; returns it. */
static inline uint32_t strategy_ran(struct strategy_state *state, uint32_t slot)
{
	state->lane[slot].ran = state->step;
	return slot;
}

#endif
