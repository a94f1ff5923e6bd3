/*
 * Memory that the program has freed and must not touch any more: it is given back to the allocator
 * later, in the order in which it came. Requires the turn. Part of the schedule's memory.
 */
#ifndef PRELOAD_MEMORY_QUARANTINE_H
#define PRELOAD_MEMORY_QUARANTINE_H

#include <stdbool.h>
#include <stdint.h>

struct freed {
	uint64_t start, size;
	uint64_t k; /* of the lane's next event when it was freed */
	uint32_t lane, context;
};

/* There is something in it. */
extern bool quarantine_any;

/*
 * Keeps the memory; `give_back` frees what has been in there for longest, to make room. False: it
 * is too large, and not kept.
 */
bool quarantine_put(const struct freed *freed, void (*give_back)(const struct freed *freed));

/* The block that has this byte; NULL: it has not been freed. */
const struct freed *quarantine_find(uint64_t address);

#endif
