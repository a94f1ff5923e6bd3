/*
 * The two hashes of a run (architecture.md, point 6), computed by the runtime while it runs and by
 * the tests from a trace alone. Freestanding, inline.
 *
 * order_hash: over (lane, kind, object, result, decision) in order; equal means "the same run".
 * hb_hash: equal for equivalent schedules: each event is hashed with the events it depends on (the
 * previous one of its lane, the last conflicting ones of its object), and the sum over all events
 * is taken, which does not depend on the order of independent events (Mazurkiewicz trace
 * equivalence). Lanes and objects enter by the hash of their stable ids, never by number.
 */
#ifndef FORMATS_HASH_H
#define FORMATS_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/event.h"
#include "formats/record.h"

#define HASH_START 0x9e3779b97f4a7c15ull

/*
 * One round of a 64-bit mix (the multiply-xorshift finaliser of splitmix64, Steele et al.,
 * OOPSLA'14).
 */
static inline uint64_t hash_mix(uint64_t state, uint64_t word)
{
	state = (state ^ word) * 0xbf58476d1ce4e5b9ull;
	return state ^ (state >> 29);
}

static inline uint64_t hash_finish(uint64_t state)
{
	state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ull;
	state = (state ^ (state >> 27)) * 0x94d049bb133111ebull;
	return state ^ (state >> 31);
}

/* Hash of a stable id given by up to three words (class or parent, major, minor). */
static inline uint64_t hash_id(uint64_t a, uint64_t b, uint64_t c)
{
	return hash_finish(hash_mix(hash_mix(hash_mix(HASH_START, a), b), c));
}

static inline uint64_t hash_bytes(const char *bytes, uint64_t length)
{
	uint64_t i, state = HASH_START ^ length;

	for (i = 0; i < length; i++)
		state = hash_mix(state, (uint8_t)bytes[i]);
	return hash_finish(state);
}

/* The same for contents, eight bytes at a time. Begins with HASH_START, goes on with a result. */
static inline uint64_t hash_content(uint64_t state, const void *bytes, uint64_t length)
{
	const uint8_t *at = bytes;
	uint64_t word, left;

	for (left = length; left >= sizeof word; left -= sizeof word, at += sizeof word) {
		__builtin_memcpy(&word, at, sizeof word);
		state = hash_mix(state, word);
	}
	word = 0;
	__builtin_memcpy(&word, at, left);
	return hash_mix(hash_mix(state, word), length);
}

#define HASH_SITE_FRAMES 3

/*
 * Where an operation is in the program: its innermost frames, by module number and link-time
 * address as announced (struct record_context), so that runtime and CLI compute the same. Of an
 * interpreted program the innermost place alone: it names a variable, which a lock does not.
 */
static inline uint64_t hash_site(const struct record_frame *frames, uint32_t count)
{
	uint32_t i;
	uint64_t state = HASH_START;

	for (i = 0; i < count && i < HASH_SITE_FRAMES; i++) {
		bool code = frames[i].flags & FRAME_CODE;

		state = hash_mix(hash_mix(state, code ? 0 : frames[i].module), frames[i].offset);
		if (code && i == 0)
			break;
	}
	return hash_finish(state);
}

/* Per lane and per object state of the happens-before hash. Zero-initialised. */
struct hash_chain {
	uint64_t last;  /* lane: last event; object: last write-like event */
	uint64_t reads; /* object: sum of the reads since then */
};

static inline uint64_t hash_order_event(uint64_t order, uint64_t lane_id, unsigned kind,
					uint64_t object_id, int64_t result)
{
	if (!(event_table[kind].flags & EVENT_FLAG_RESULT))
		result = 0;
	return hash_mix(hash_mix(order, lane_id + kind), object_id + (uint64_t)result * 31);
}

static inline uint64_t hash_order_decision(uint64_t order, uint64_t lane_id, unsigned kind,
					   uint64_t choice)
{
	return hash_mix(hash_mix(order, ~(lane_id + kind)), choice);
}

/* Adds one event; returns what is to be added to hb_hash. `object` may be NULL. */
static inline uint64_t hash_hb_event(struct hash_chain *lane, uint64_t lane_id, unsigned kind,
				     struct hash_chain *object, uint64_t object_id)
{
	uint64_t event = hash_mix(hash_mix(lane->last + lane_id, kind), object_id);
	unsigned access = event_table[kind].access;

	if (object && access != ACCESS_NONE) {
		event = hash_mix(event, object->last);
		if (access == ACCESS_READ) {
			object->reads += event;
		} else {
			event = hash_mix(event, object->reads);
			object->last = event;
			object->reads = 0;
		}
	}
	lane->last = event;
	return event;
}

#endif
