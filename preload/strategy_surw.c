/*
 * surw: selectively uniform random walk. The plan names one object, the target, and says how many
 * operations each lane did on it in an earlier run. Each order of these operations is as likely as
 * any other, if the counts are right and nobody blocks: who does the next one is drawn by how many
 * each has left, and the others wait before theirs. Everything else is ordered by fresh random
 * priorities, so that any schedule is possible (Zhao et al., "Selectively uniform concurrency
 * testing", ASPLOS'25). Without a profile only that is left.
 *
 * What is left of a lane includes what lanes that it has not created yet will do. An operation is
 * over when its lane is seen at another one: those that block are drawn again, not counted twice.
 */
#include <stddef.h>

#include "preload/strategy_lanes.h"

#define MOST_EVENTS (1ull << 40)

enum { RARITY };

static void add_events(struct plan_profile_row *row, uint64_t events)
{
	row->events += events;
	if (row->events > MOST_EVENTS)
		row->events = MOST_EVENTS;
}

static void surw_init(struct strategy_state *state, const struct plan_strategy *plan,
		      const struct plan_profile *profile)
{
	uint32_t i, parent = 0;

	(void)plan;
	state->round = 1;
	if (!profile)
		return;
	state->target = profile->object;
	state->rows = profile->count < REGION_LANES ? profile->count : REGION_LANES;
	for (i = 0; i < state->rows; i++) {
		state->row[i] = (struct plan_profile_row){ .lane = profile->rows[i].lane,
							   .parent = profile->rows[i].parent };
		add_events(&state->row[i], profile->rows[i].events < MOST_EVENTS
						   ? profile->rows[i].events
						   : MOST_EVENTS);
	}
	for (i = state->rows; i-- > 1;) {
		if (parent >= i || state->row[parent].lane != state->row[i].parent)
			for (parent = i; parent-- > 0;)
				if (state->row[parent].lane == state->row[i].parent)
					break;
		if (parent < i)
			add_events(&state->row[parent], state->row[i].events);
	}
}

/* What a lane and its descendants do to the target, by the profile. */
static uint64_t expected(struct strategy_state *state, uint64_t id)
{
	uint32_t i, at;

	for (i = 0; i < state->rows; i++) {
		at = (state->next_row + i) % state->rows;
		if (state->row[at].lane == id) {
			state->next_row = at + 1;
			return state->row[at].events;
		}
	}
	return 0;
}

static bool on_target(const struct strategy_state *state, const struct strategy_pending *pending)
{
	return state->target && pending->object == state->target && pending->kind < EVENT_COUNT &&
	       (event_table[pending->kind].flags & EVENT_FLAG_POINT);
}

/* The lane has been created: what it does is no longer its parent's to come. */
static void separate(struct strategy_state *state, const struct strategy_pick *pick, uint32_t slot)
{
	uint64_t events = expected(state, state->lane[slot].id), before;
	uint32_t up = strategy_pending(pick, slot).parent;
	struct strategy_lane *parent;

	if (up == STRATEGY_NOBODY || up >= state->slots ||
	    state->lane[up].id != strategy_pending(pick, up).lane)
		return;
	parent = &state->lane[up];
	before = parent->left;
	parent->left -= events < before ? events : before;
	if (state->intended_id == parent->id && state->intended == up && before &&
	    strategy_below_wide(state, before) < events) {
		state->intended = slot;
		state->intended_id = state->lane[slot].id;
	}
}

/* After strategy_meet(). */
static void catch_up(struct strategy_state *state, struct strategy_lane *lane)
{
	if (lane->news != STRATEGY_OLD)
		lane->priority = strategy_draw(state);
	if (lane->news == STRATEGY_NEW_LANE)
		lane->left = expected(state, lane->id);
	if (lane->taken && lane->taken != lane->k + 1) {
		lane->taken = 0;
		lane->left -= lane->left > 0;
	}
}

static void surw_note(struct strategy_state *state, const struct strategy_pick *pick, uint32_t slot)
{
	struct strategy_pending pending = strategy_pending(pick, slot);
	struct strategy_lane *lane;

	if (!state->target)
		return;
	lane = strategy_meet(state, pick, slot);
	catch_up(state, lane);
	if (lane->news == STRATEGY_NEW_LANE)
		separate(state, pick, slot);
	if (on_target(state, &pending))
		lane->taken = pending.k + 1;
}

/* May it go on, as far as the target is concerned? Others must not be held back for nothing. */
static bool is_free(const struct strategy_state *state, uint32_t slot)
{
	return !strategy_is_held(state, slot) && state->lane[slot].waiting != state->round;
}

static uint32_t highest(const struct strategy_state *state, const struct strategy_pick *pick)
{
	uint32_t best = STRATEGY_NOBODY;

	STRATEGY_EACH (slot, pick)
		if (is_free(state, slot) &&
		    (best == STRATEGY_NOBODY ||
		     state->lane[slot].priority > state->lane[best].priority))
			best = slot;
	return best;
}

/* Draws who does the next operation on the target, which `slot` is about to do. */
static void intend(struct strategy_state *state, const struct strategy_pick *pick, uint32_t slot)
{
	uint64_t sum = 0, at;

	STRATEGY_EACH (i, pick) {
		struct strategy_pending pending = strategy_pending(pick, i);

		if (!state->lane[i].left && on_target(state, &pending))
			state->lane[i].left = 1; /* more than in the profile */
		if (is_free(state, i))
			sum += state->lane[i].left;
	}
	at = strategy_below_wide(state, sum);
	STRATEGY_EACH (i, pick) {
		if (!is_free(state, i))
			continue;
		if (at < state->lane[i].left) {
			slot = i;
			break;
		}
		at -= state->lane[i].left;
	}
	state->intended = slot;
	state->intended_id = state->lane[slot].id;
}

static void begin_round(struct strategy_state *state)
{
	state->round++;
	state->intended_id = 0;
}

static uint32_t walk(struct strategy_state *state, const struct strategy_pick *pick)
{
	struct strategy_pending pending;
	uint32_t slot;

	for (;;) {
		slot = highest(state, pick);
		if (slot == STRATEGY_NOBODY) { /* the intended one does not come */
			begin_round(state);
			continue;
		}
		pending = strategy_pending(pick, slot);
		if (!on_target(state, &pending))
			return slot;
		if (!state->intended_id)
			intend(state, pick, slot);
		if (state->intended == slot && state->intended_id == state->lane[slot].id)
			return slot;
		state->lane[slot].waiting = state->round;
	}
}

static uint32_t surw_pick(struct strategy_state *state, const struct strategy_pick *pick)
{
	struct strategy_pending pending;
	uint32_t slot;

	strategy_look(state, pick);
	STRATEGY_EACH (i, pick)
		catch_up(state, &state->lane[i]);
	STRATEGY_EACH (i, pick)
		if (state->lane[i].news == STRATEGY_NEW_LANE)
			separate(state, pick, i);
	if (strategy_gives_way(state, pick))
		strategy_hold(state, pick->current);
	slot = state->starving != STRATEGY_NOBODY ? state->starving : walk(state, pick);
	pending = strategy_pending(pick, slot);
	if (on_target(state, &pending)) {
		state->lane[slot].taken = pending.k + 1;
		begin_round(state);
	}
	return strategy_ran(state, slot);
}

static uint32_t surw_choose(struct strategy_state *state, enum decision_kind kind, uint32_t count)
{
	return strategy_choose_rarely(state, state->parameters[RARITY], kind, count);
}

const struct strategy strategy_surw = { "surw", surw_init, surw_pick, surw_choose, surw_note };
