/*
 * Storage of the rule for `k`: an array by lane, grown to the highest lane seen. Slots are told
 * from those of earlier frames by the frame's number, so that a new frame costs nothing.
 */
#include "formats/trace_lane_k.h"

#include <stdlib.h>
#include <string.h>

void trace_lane_k_init(struct trace_lane_k *state)
{
	memset(state, 0, sizeof(*state));
	state->frame = 1;
}

void trace_lane_k_fini(struct trace_lane_k *state)
{
	free(state->slots);
	memset(state, 0, sizeof(*state));
}

void trace_lane_k_reset(struct trace_lane_k *state)
{
	if (++state->frame)
		return;
	if (state->slots)
		memset(state->slots, 0, state->cap * sizeof(*state->slots));
	state->frame = 1;
}

static struct trace_lane_k_slot *slot_grow(struct trace_lane_k *state, uint32_t lane)
{
	struct trace_lane_k_slot *slots;
	uint32_t cap = state->cap ? state->cap : 64;

	while (cap <= lane)
		cap *= 2;
	slots = realloc(state->slots, cap * sizeof(*slots));
	if (!slots)
		return NULL;
	memset(slots + state->cap, 0, (cap - state->cap) * sizeof(*slots));
	state->slots = slots;
	state->cap = cap;
	return slots + lane;
}

struct trace_lane_k_slot *trace_lane_k_slot(struct trace_lane_k *state, uint32_t lane)
{
	if (lane < state->cap)
		return state->slots + lane;
	return lane <= TRACE_LANE_MAX ? slot_grow(state, lane) : NULL;
}
