/*
 * What strategies remember of lanes. Entries are cleared when a slot is seen for the first time, so
 * that a run with few lanes touches little memory.
 */
#include "preload/strategy_lanes.h"

#define MOST_YIELDS 4

struct strategy_lane *strategy_meet(struct strategy_state *state, const struct strategy_pick *pick,
				    uint32_t slot)
{
	struct strategy_pending pending = strategy_pending(pick, slot);
	struct strategy_lane *lane = &state->lane[slot];

	while (state->slots <= slot)
		state->lane[state->slots++] = (struct strategy_lane){ .id = 0 };
	if (lane->id != pending.lane) {
		*lane = (struct strategy_lane){ .id = pending.lane, .news = STRATEGY_NEW_LANE };
	} else {
		lane->news = lane->k != pending.k || lane->stage != pending.stage
				     ? STRATEGY_NEW_OPERATION
				     : STRATEGY_OLD;
	}
	lane->k = pending.k;
	lane->stage = pending.stage;
	return lane;
}

static uint64_t waited(const struct strategy_state *state, const struct strategy_lane *lane)
{
	return state->step - (lane->ran > lane->since ? lane->ran : lane->since);
}

void strategy_look(struct strategy_state *state, const struct strategy_pick *pick)
{
	uint64_t most = STRATEGY_PATIENCE;

	state->step++;
	state->longest_ran = state->second_ran = UINT64_MAX;
	state->longest = state->starving = STRATEGY_NOBODY;
	STRATEGY_EACH (slot, pick) {
		struct strategy_lane *lane = strategy_meet(state, pick, slot);

		if (lane->seen + 1 != state->step || lane->news == STRATEGY_NEW_LANE)
			lane->since = state->step;
		lane->seen = state->step;
		if (slot == pick->last) /* also alone, where nobody is asked */
			lane->ran = state->step - 1;
		if (lane->ran < state->longest_ran) {
			state->second_ran = state->longest_ran;
			state->longest_ran = lane->ran;
			state->longest = slot;
		} else if (lane->ran < state->second_ran) {
			state->second_ran = lane->ran;
		}
		if (waited(state, lane) > most) {
			most = waited(state, lane);
			state->starving = slot;
		}
	}
}

bool strategy_gives_way(struct strategy_state *state, const struct strategy_pick *pick)
{
	struct strategy_lane *lane;

	if (pick->current == STRATEGY_NOBODY ||
	    (!pick->yielding && strategy_pending(pick, pick->current).kind != EVENT_SLEEP))
		return false;
	lane = &state->lane[pick->current];
	if (++lane->yields < MOST_YIELDS && strategy_draw(state) >> 63)
		return false;
	lane->yields = 0;
	return true;
}
