/*
 * pos: partial order sampling. Each pending operation has a random priority; the highest goes
 * first, and those that conflict with it draw again (Yuan, Yang and Gu, "Partial order aware
 * concurrency sampling", CAV'18). So the order of two operations on one object does not depend on
 * how many others there are.
 *
 * It does not do operations first that conflict with none, as Fray does. That samples the same
 * partial orders of what we see; but memory that is shared without synchronisation goes along with
 * the operation before it, and a new lane would always have read it before its creator goes on.
 */
#include <stddef.h>

#include "preload/strategy_lanes.h"

enum { RARITY };

static void pos_init(struct strategy_state *state, const struct plan_strategy *plan,
		     const struct plan_profile *profile)
{
	(void)state;
	(void)plan;
	(void)profile;
}

static uint32_t highest(const struct strategy_state *state, const struct strategy_pick *pick)
{
	uint32_t best = STRATEGY_NOBODY;

	STRATEGY_EACH (slot, pick)
		if (!strategy_is_held(state, slot) &&
		    (best == STRATEGY_NOBODY ||
		     state->lane[slot].priority > state->lane[best].priority))
			best = slot;
	return best;
}

static bool conflict(const struct strategy_pending *a, const struct strategy_pending *b)
{
	return a->object && a->object == b->object && event_dependent(a->kind, 1, b->kind, 1);
}

static uint32_t pos_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	struct strategy_pending chosen;
	uint32_t best;

	strategy_look(state, pick);
	STRATEGY_EACH (slot, pick)
		if (state->lane[slot].news != STRATEGY_OLD)
			state->lane[slot].priority = strategy_draw(state);
	if (strategy_gives_way(state, pick))
		strategy_hold(state, pick->current);
	best = state->starving != STRATEGY_NOBODY ? state->starving : highest(state, pick);
	chosen = strategy_pending(pick, best);
	STRATEGY_EACH (slot, pick) {
		struct strategy_pending pending = strategy_pending(pick, slot);

		if (slot == best || conflict(&chosen, &pending))
			state->lane[slot].priority = strategy_draw(state);
	}
	return strategy_ran(state, best);
}

static uint32_t pos_choose(struct strategy_state *state, enum decision_kind kind, uint32_t count)
{
	return strategy_choose_rarely(state, state->parameters[RARITY], kind, count);
}

const struct strategy strategy_pos = { "pos", pos_init, pos_pick, pos_choose, NULL };
