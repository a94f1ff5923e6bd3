/*
 * random: uniform among the lanes that can run, at each point; other choices by
 * strategy_choose_rarely(), parameters[0] being the rarity.
 */
#include "preload/strategy.h"

#include <stddef.h>

static void random_init(struct strategy_state *state, const struct plan_strategy *plan,
			const struct plan_profile *profile)
{
	(void)state;
	(void)plan;
	(void)profile;
}

static uint32_t random_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	return strategy_nth(pick, strategy_below(state, pick->count));
}

static uint32_t random_choose(struct strategy_state *state, enum decision_kind kind, uint32_t count)
{
	return strategy_choose_rarely(state, state->parameters[0], kind, count);
}

const struct strategy strategy_random = { "random", random_init, random_pick, random_choose, NULL };
