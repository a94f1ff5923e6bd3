/*
 * The rule that lets lines leave out `k`, the index in the lane, and the only state that lines
 * share. Writer and reader have one struct trace_lane_k each.
 *
 * In each frame of the file the first event of a lane carries k, so that frames can be read on
 * their own. After that, a line without k is about the operation that the lane comes to next: the
 * one of the lane's previous event line in the frame when that was announced and this line is not
 * an announcement again; else the one after it (k + 1). A decision without "at" has the context of
 * the lane's previous event line in the frame (0, when the frame has no such line).
 */
#ifndef FORMATS_TRACE_LANE_K_H
#define FORMATS_TRACE_LANE_K_H

#include <stdbool.h>
#include <stdint.h>

enum { TRACE_LANE_MAX = (1 << 22) - 1 };

struct trace_lane_k_slot {
	uint64_t k;       /* of the lane's previous event line */
	uint32_t context; /* of that line */
	uint32_t frame;   /* in which frame that was */
	bool announced;   /* that line was announced */
};

struct trace_lane_k {
	struct trace_lane_k_slot *slots; /* by lane */
	uint32_t cap;
	uint32_t frame; /* current frame, from 1: slots of other frames are empty */
};

void trace_lane_k_init(struct trace_lane_k *state);
void trace_lane_k_fini(struct trace_lane_k *state);

/* A new frame begins: forget every lane. */
void trace_lane_k_reset(struct trace_lane_k *state);

/* The slot of `lane`, valid until the next call. NULL: beyond TRACE_LANE_MAX, or out of memory. */
struct trace_lane_k_slot *trace_lane_k_slot(struct trace_lane_k *state, uint32_t lane);

/* The k of an event line that has none. False when this frame has no event of the lane yet. */
static inline bool trace_lane_k_event(const struct trace_lane_k *state,
				      const struct trace_lane_k_slot *slot, bool announced,
				      uint64_t *k)
{
	*k = slot->k + !(slot->announced && !announced);
	return slot->frame == state->frame;
}

/* The k and the anchor of a decision line that has none. */
static inline bool trace_lane_k_decision(const struct trace_lane_k *state,
					 const struct trace_lane_k_slot *slot, uint64_t *k,
					 uint32_t *at)
{
	*k = slot->k + !slot->announced;
	*at = slot->context;
	return slot->frame == state->frame;
}

/* An event line went by. */
static inline void trace_lane_k_set(const struct trace_lane_k *state,
				    struct trace_lane_k_slot *slot, bool announced, uint64_t k,
				    uint32_t context)
{
	slot->k = k;
	slot->context = context;
	slot->frame = state->frame;
	slot->announced = announced;
}

#endif
