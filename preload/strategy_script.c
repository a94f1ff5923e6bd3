/*
 * script, the tail strategy of a replay: the plan's prefix decides (decide.c); where it says
 * nothing, the running lane goes on, which is what a recording leaves out. A lane that cannot go on
 * and has no entry is a divergence, found by decide.c before this is asked; with --follow the next
 * lane in order goes on.
 */
#include "preload/strategy.h"

#include <stddef.h>

static void script_init(struct strategy_state *state, const struct plan_strategy *plan,
			const struct plan_profile *profile)
{
	(void)profile;
	(void)state;
	(void)plan;
}

static uint32_t script_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	(void)state;
	if (pick->current != STRATEGY_NOBODY && !pick->yielding)
		return pick->current;
	return strategy_next(pick, pick->last);
}

static uint32_t script_choose(struct strategy_state *state, enum decision_kind kind, uint32_t count)
{
	(void)state;
	(void)kind;
	(void)count;
	return 0;
}

const struct strategy strategy_script = { "script", script_init, script_pick, script_choose, NULL };
