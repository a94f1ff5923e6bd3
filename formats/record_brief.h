/*
 * The short form of an event, which most have in the ring: it is written by the CPU of the target
 * and read by another one, so that each cache line less counts. Freestanding, inline.
 */
#ifndef FORMATS_RECORD_BRIEF_H
#define FORMATS_RECORD_BRIEF_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/event.h"
#include "formats/record.h"

/* head.reserved: the kind, and above it enum event_value, the phase, and the result. */
#define BRIEF_VALUE_SHIFT 8
#define BRIEF_PHASE_SHIFT 10
#define BRIEF_RESULT_SHIFT 11
#define BRIEF_RESULTS 32 /* results below are short */

#define BRIEF_LANE_BITS 22
#define BRIEF_NUMBER_BITS 24
#define BRIEF_K_BITS 42

/* Of the first process, on at most one object. */
struct record_brief {
	struct record_head head;
	uint64_t who;  /* lane, k */
	uint64_t what; /* object, context */
	int64_t value; /* only where it has one */
};

#define BRIEF_BYTES(type)                                                                      \
	((uint32_t)((type) == EVENT_VALUE_NONE ? sizeof(struct record_brief) - sizeof(int64_t) \
					       : sizeof(struct record_brief)))

static inline bool record_brief_fits(uint32_t process, uint32_t lane, uint64_t k, uint32_t object,
				     uint32_t object2, uint32_t context, int64_t result)
{
	return !(process | object2 | lane >> BRIEF_LANE_BITS |
		 (object | context) >> BRIEF_NUMBER_BITS | k >> BRIEF_K_BITS |
		 (uint64_t)result / BRIEF_RESULTS);
}

static inline uint16_t record_brief_form(unsigned kind, unsigned phase, int64_t result,
					 unsigned type)
{
	return (uint16_t)(kind | type << BRIEF_VALUE_SHIFT | phase << BRIEF_PHASE_SHIFT |
			  (unsigned)result << BRIEF_RESULT_SHIFT);
}

static inline uint64_t record_brief_who(uint32_t lane, uint64_t k)
{
	return lane | k << BRIEF_LANE_BITS;
}

static inline uint64_t record_brief_what(uint32_t object, uint32_t context)
{
	return object | (uint64_t)context << BRIEF_NUMBER_BITS;
}

/* What it stands for; false: its length is not what it says, or it has bits that mean nothing. */
static inline bool record_brief_read(const struct record_brief *brief, struct record_event *event)
{
	uint16_t form = brief->head.reserved;
	unsigned type = form >> BRIEF_VALUE_SHIFT & 3;

	if (brief->head.size != BRIEF_BYTES(type) || brief->what >> 2 * BRIEF_NUMBER_BITS)
		return false;
	*event = (struct record_event){
		.head = { RECORD_EVENT, 0, sizeof *event },
		.kind = form & 255,
		.phase = form >> BRIEF_PHASE_SHIFT & 1,
		.lane = brief->who & ((1u << BRIEF_LANE_BITS) - 1),
		.k = brief->who >> BRIEF_LANE_BITS,
		.object = brief->what & ((1u << BRIEF_NUMBER_BITS) - 1),
		.context = (uint32_t)(brief->what >> BRIEF_NUMBER_BITS),
		.has_value = type,
		.result = form >> BRIEF_RESULT_SHIFT,
		.value = type == EVENT_VALUE_NONE ? 0 : brief->value,
	};
	return true;
}

_Static_assert(sizeof(struct record_brief) == 32, "layout");
_Static_assert(EVENT_COUNT <= 256 && EVENT_VALUE_CHANGE < 4, "kinds and values have room");

#endif
