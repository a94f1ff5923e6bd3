/*
 * natural, the default of record: a lane runs until it blocks or yields, or has used up a fair
 * slice counted in operations; then the next one in cyclic order of slots. Everything else happens
 * as late as possible.
 */
#include "preload/strategy.h"

#include <stddef.h>

#define DEFAULT_SLICE 1000

static void natural_init(struct strategy_state *state, const struct plan_strategy *plan,
			 const struct plan_profile *profile)
{
	(void)profile;
	(void)plan;
	if (state->slice == 0)
		state->slice = DEFAULT_SLICE;
}

static uint32_t natural_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	if (pick->current != STRATEGY_NOBODY && !pick->yielding && ++state->used < state->slice)
		return pick->current;
	state->used = 0;
	return strategy_next(pick, pick->last);
}

static uint32_t natural_choose(struct strategy_state *state, enum decision_kind kind,
			       uint32_t count)
{
	(void)state;
	(void)kind;
	(void)count;
	return 0;
}

const struct strategy strategy_natural = { "natural", natural_init, natural_pick, natural_choose,
					   NULL };
