/*
 * pct: a random priority for each lane; the highest that can run goes on. At depth - 1 steps, drawn
 * among `steps`, the one that would go on falls below all that have not fallen yet. A bug of that
 * depth shows with probability 1 / (n steps^(depth-1)) at least, n being the number of lanes
 * (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding bugs",
 * ASPLOS'10). A step is a choice among several lanes.
 *
 * A lane that gives way falls below all others, and one that starves rises above them.
 */
#include <stddef.h>

#include "preload/strategy_lanes.h"

/* Four classes of priorities; the two in the middle are drawn. */
#define CLASS (1ull << 62)
#define CHANGED (1 * CLASS)
#define INITIAL (2 * CLASS)
#define PROMOTED (3 * CLASS)

enum { DEPTH, STEPS, RARITY };

static void pct_init(struct strategy_state *state, const struct plan_strategy *plan,
		     const struct plan_profile *profile)
{
	(void)plan;
	(void)profile;
	strategy_draw_steps(state, state->parameters[DEPTH] - 1, state->parameters[STEPS]);
}

static uint64_t draw_priority(struct strategy_state *state, uint64_t class)
{
	return class + strategy_draw(state) % CLASS;
}

static uint32_t highest(const struct strategy_state *state, const struct strategy_pick *pick)
{
	uint32_t best = STRATEGY_NOBODY;

	STRATEGY_EACH (slot, pick)
		if (best == STRATEGY_NOBODY ||
		    state->lane[slot].priority > state->lane[best].priority)
			best = slot;
	return best;
}

static uint32_t pct_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	uint32_t best;

	strategy_look(state, pick);
	STRATEGY_EACH (slot, pick)
		if (state->lane[slot].news == STRATEGY_NEW_LANE)
			state->lane[slot].priority = draw_priority(state, INITIAL);
	if (strategy_gives_way(state, pick))
		state->lane[pick->current].priority = CLASS - ++state->demoted;
	if (state->starving != STRATEGY_NOBODY)
		state->lane[state->starving].priority = PROMOTED + ++state->promoted;
	best = highest(state, pick);
	if (strategy_drawn(state)) {
		state->lane[best].priority = draw_priority(state, CHANGED);
		best = highest(state, pick);
	}
	return strategy_ran(state, best);
}

static uint32_t pct_choose(struct strategy_state *state, enum decision_kind kind, uint32_t count)
{
	return strategy_choose_rarely(state, state->parameters[RARITY], kind, count);
}

const struct strategy strategy_pct = { "pct", pct_init, pct_pick, pct_choose, NULL };
