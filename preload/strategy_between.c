/*
 * between: each lane is left once between two of its operations, and whoever else can run goes on
 * first, as far as that leads. So a whole run of the others falls between what one lane has read
 * and what it makes of that, between two changes that belong together, between a first lock and a
 * second. Which operations these are says `place`: the lane is left before its operation number
 * place + 1 of those that others could notice; 0: before any but the first, with probability 1/2
 * each. One schedule tries a place in all lanes at once (after Park and Sen, "Randomized active
 * atomicity violation detection in concurrent programs", FSE'08, and Park, Lu and Zhou, "CTrigger:
 * exposing atomicity violation bugs from their hiding places", ASPLOS'09, who know from an analysis
 * where to stop).
 *
 * Lanes that were left go on when no other can, the last one first: then all that the others do
 * falls between. Who has created lanes lets them begin before its next operation. Where nobody is
 * left `order` says who goes on. With a place and order 0 or 1 nothing is left to chance.
 *
 * A lane that starves goes on as well.
 */
#include <stddef.h>

#include "preload/strategy_lanes.h"

enum { ORDER, PLACE, RARITY };
enum { LOWEST_FIRST, HIGHEST_FIRST, ANY };

static void between_init(struct strategy_state *state, const struct plan_strategy *plan,
			 const struct plan_profile *profile)
{
	(void)state;
	(void)plan;
	(void)profile;
}

/* What is done to threads is order, not data. */
static bool on_object(const struct strategy_pending *pending)
{
	return pending->object && pending->kind > EVENT_THREAD_CANCEL &&
	       pending->kind < EVENT_COUNT;
}

/* It does its operation now. */
static void go_on(struct strategy_lane *lane, const struct strategy_pending *pending)
{
	lane->creator |= pending->kind == EVENT_THREAD_CREATE;
	if (!on_object(pending))
		return;
	lane->begun = true;
	lane->done = pending->k + 1;
}

static bool is_place(struct strategy_state *state, const struct strategy_pending *pending,
		     uint32_t slot)
{
	struct strategy_lane *lane = &state->lane[slot];

	if (!lane->begun || !on_object(pending) || lane->done == pending->k + 1)
		return false;
	lane->places++;
	if (state->parameters[PLACE])
		return lane->places == state->parameters[PLACE];
	return !lane->priority && strategy_draw(state) >> 63;
}

/* The first that was not left, else the last that was. */
static uint32_t in_order(struct strategy_state *state, const struct strategy_pick *pick)
{
	uint32_t best = STRATEGY_NOBODY, left = STRATEGY_NOBODY, free = 0;

	STRATEGY_EACH (slot, pick) {
		if (strategy_is_held(state, slot))
			continue;
		if (state->lane[slot].priority) {
			if (left == STRATEGY_NOBODY ||
			    state->lane[slot].priority > state->lane[left].priority)
				left = slot;
			continue;
		}
		free++;
		if (best == STRATEGY_NOBODY || state->parameters[ORDER] == HIGHEST_FIRST ||
		    (state->parameters[ORDER] == ANY && strategy_below(state, free) == 0))
			best = slot;
	}
	return best == STRATEGY_NOBODY ? left : best;
}

/* Does the lane that asks let others go first? Then it is left, or held for a moment. */
static bool stops(struct strategy_state *state, const struct strategy_pick *pick)
{
	struct strategy_pending pending;
	struct strategy_lane *lane;

	if (pick->current == STRATEGY_NOBODY)
		return true;
	if (pick->unseen && !pick->yielding)
		return false;
	pending = strategy_pending(pick, pick->current);
	lane = &state->lane[pick->current];
	if (pick->yielding || (lane->creator && on_object(&pending))) {
		lane->creator &= pick->yielding;
		strategy_hold(state, pick->current);
		return true;
	}
	if (!is_place(state, &pending, pick->current))
		return false;
	lane->priority = ++state->demoted;
	return true;
}

static uint32_t between_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	struct strategy_pending pending;
	uint32_t slot;

	strategy_look(state, pick);
	slot = stops(state, pick) ? in_order(state, pick) : pick->current;
	if (state->starving != STRATEGY_NOBODY)
		slot = state->starving;
	pending = strategy_pending(pick, slot);
	if (!pick->unseen || slot != pick->current)
		go_on(&state->lane[slot], &pending);
	return strategy_ran(state, slot);
}

static void between_note(struct strategy_state *state, const struct strategy_pick *pick,
			 uint32_t slot)
{
	struct strategy_pending pending = strategy_pending(pick, slot);

	if (!pick->unseen)
		go_on(strategy_meet(state, pick, slot), &pending);
}

static uint32_t between_choose(struct strategy_state *state, enum decision_kind kind,
			       uint32_t count)
{
	if (state->parameters[PLACE] && state->parameters[ORDER] != ANY)
		return 0;
	return strategy_choose_rarely(state, state->parameters[RARITY], kind, count);
}

const struct strategy strategy_between = { "between", between_init, between_pick, between_choose,
					   between_note };
