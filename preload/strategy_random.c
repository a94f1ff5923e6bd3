/*
 * random: uniform among the lanes that can run, at each point. Waiters to wake are drawn as well;
 * things that need not happen at all (time-outs, spurious wake-ups, early clock jumps) happen
 * once in `parameters[0]` chances (default 64; 0xffffffff: never). A try-operation fails only
 * where another lane really has the object: one that is about to take it may do otherwise, and no
 * finding may rest on what cannot happen.
 */
#include "preload/strategy.h"

#define NEVER 0xffffffffu
#define DEFAULT_RARITY 64

static void random_init(struct strategy_state *state, const struct plan_strategy *plan)
{
	(void)plan;
	if (state->parameters[0] == 0)
		state->parameters[0] = DEFAULT_RARITY;
}

static uint32_t random_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	return strategy_nth(pick, strategy_below(state, pick->count));
}

static uint32_t random_choose(struct strategy_state *state, enum decision_kind kind, uint32_t count)
{
	if (kind == DECISION_SIGNAL)
		return strategy_below(state, count);
	if (kind == DECISION_TRYLOCK || state->parameters[0] == NEVER)
		return 0;
	if (strategy_below(state, (uint32_t)state->parameters[0]) != 0)
		return 0;
	return count > 2 ? 1 + strategy_below(state, count - 1) : count - 1;
}

const struct strategy strategy_random = { "random", random_init, random_pick, random_choose };
