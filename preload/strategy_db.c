/*
 * db: bounded delays. A lane goes on until it blocks, ends or yields, and then the next one in
 * cyclic order of slots; but at `bound` steps, drawn among `steps`, the one whose turn it is is
 * passed over (Emmi, Qadeer and Rakamaric, "Delay-bounded scheduling", POPL'11; here drawn, not
 * enumerated). A step is a choice among several lanes.
 *
 * A lane that starves goes on as well; that is no delay.
 */
#include <stddef.h>

#include "preload/strategy_lanes.h"

enum { BOUND, STEPS, RARITY };

static void db_init(struct strategy_state *state, const struct plan_strategy *plan,
		    const struct plan_profile *profile)
{
	(void)plan;
	(void)profile;
	strategy_draw_steps(state, state->parameters[BOUND], state->parameters[STEPS]);
}

static uint32_t next_in_turn(const struct strategy_state *state, const struct strategy_pick *pick)
{
	uint32_t slot = strategy_next(pick, pick->last);

	while (strategy_is_held(state, slot))
		slot = strategy_next(pick, slot);
	return slot;
}

static uint32_t db_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	uint32_t slot = pick->current;

	strategy_look(state, pick);
	if (pick->yielding && slot != STRATEGY_NOBODY) {
		strategy_hold(state, slot);
		slot = STRATEGY_NOBODY;
	}
	if (state->starving != STRATEGY_NOBODY)
		return strategy_ran(state, state->starving);
	if (slot == STRATEGY_NOBODY)
		slot = next_in_turn(state, pick);
	if (strategy_drawn(state))
		slot = strategy_next(pick, slot);
	return strategy_ran(state, slot);
}

static uint32_t db_choose(struct strategy_state *state, enum decision_kind kind, uint32_t count)
{
	return strategy_choose_rarely(state, state->parameters[RARITY], kind, count);
}

const struct strategy strategy_db = { "db", db_init, db_pick, db_choose, NULL };
