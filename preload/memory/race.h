/*
 * Data races: two accesses of two lanes to the same bytes, one of them a write and not both atomic,
 * that nothing orders (hb.h). Each pair of places is written to the log once in a run. A race is no
 * event: it changes nothing of the run. Requires the turn.
 */
#ifndef PRELOAD_MEMORY_RACE_H
#define PRELOAD_MEMORY_RACE_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"

struct race_access {
	uint32_t clock; /* of the lane; 0: none */
	uint32_t lane;  /* its number */
	uint16_t site;  /* index in struct region_sites, + 1 */
	uint16_t where; /* the calls that it was in, and its locks: calls.h */
	uint8_t slot;   /* of the lane */
	uint8_t mask;   /* of the word's bytes */
	bool writes, atomic;
};

/* An access of `me` to the word, which several lanes use. */
void race_look(const struct lane *me, uint64_t word, const struct race_access *access);

/* One from before they did. */
void race_remember(uint64_t word, const struct race_access *access);

/*
 * A read, all but its lane's number, that a later write of the same bytes, lane and time stood for
 * has been done again.
 */
void race_again(uint64_t word, struct race_access *read);

/* Does a write of these bytes (FILTER_ATOMIC: in one step) stand for its lane's read of those? */
static inline bool race_covers(uint32_t written, uint32_t read)
{
	return !(read & ~written) && !((read ^ written) & 256);
}

/* The word is another object's from here on. */
void race_forget(uint64_t word);

#endif
