/*
 * pb: bounded preemption. A lane goes on until it blocks, ends or yields, but at `bound` steps,
 * drawn among `steps`, another one goes on instead; any other (Musuvathi and Qadeer, "Iterative
 * context bounding for systematic testing of multithreaded programs", PLDI'07; here drawn, not
 * enumerated). A step is a choice in which the running lane could go on. Where it cannot, `order`
 * says who does. With bound 0 and order 0 or 1 nothing is left to chance, also in other choices.
 *
 * A lane that starves goes on as well; that is no preemption.
 */
#include <stddef.h>

#include "preload/strategy_lanes.h"

enum { BOUND, STEPS, ORDER, RARITY, NEXT };
enum { LOWEST_FIRST, HIGHEST_FIRST, ANY };

static void pb_init(struct strategy_state *state, const struct plan_strategy *plan,
		    const struct plan_profile *profile)
{
	(void)plan;
	(void)profile;
	strategy_draw_steps(state, state->parameters[BOUND], state->parameters[STEPS]);
}

static uint32_t in_order(struct strategy_state *state, const struct strategy_pick *pick)
{
	uint32_t best = STRATEGY_NOBODY, free = 0, next = (uint32_t)state->parameters[NEXT] - 1;

	if (state->parameters[NEXT]) {
		state->parameters[NEXT] = 0;
		if (next / 64 < pick->words && (pick->runnable[next / 64] >> (next % 64) & 1) &&
		    !strategy_is_held(state, next))
			return next;
	}

	STRATEGY_EACH (slot, pick) {
		if (strategy_is_held(state, slot))
			continue;
		free++;
		if (best == STRATEGY_NOBODY || state->parameters[ORDER] == HIGHEST_FIRST ||
		    (state->parameters[ORDER] == ANY && strategy_below(state, free) == 0))
			best = slot;
	}
	return best;
}

static uint32_t any_other(struct strategy_state *state, const struct strategy_pick *pick)
{
	uint32_t n = strategy_below(state, pick->count - 1);
	uint32_t slot = strategy_nth(pick, n);

	return slot < pick->current ? slot : strategy_nth(pick, n + 1);
}

static uint32_t pb_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	bool going = pick->current != STRATEGY_NOBODY && !pick->yielding;

	strategy_look(state, pick);
	if (pick->yielding && pick->current != STRATEGY_NOBODY)
		strategy_hold(state, pick->current);
	if (state->starving != STRATEGY_NOBODY)
		return strategy_ran(state, state->starving);
	if (!going)
		return strategy_ran(state, in_order(state, pick));
	return strategy_ran(state, strategy_drawn(state) ? any_other(state, pick) : pick->current);
}

static uint32_t pb_choose(struct strategy_state *state, enum decision_kind kind, uint32_t count)
{
	if (state->parameters[BOUND] == 0 && state->parameters[ORDER] != ANY)
		return 0;
	return strategy_choose_rarely(state, state->parameters[RARITY], kind, count);
}

const struct strategy strategy_pb = { "pb", pb_init, pb_pick, pb_choose, NULL };
