/*
 * Blocks of allocated memory that instrumented programs have, so that a variable in one has an id
 * that does not depend on addresses, and a name: who allocated it, where, and as its which block.
 * Requires the turn.
 */
#ifndef PRELOAD_MEMORY_BLOCKS_H
#define PRELOAD_MEMORY_BLOCKS_H

#include <stdint.h>

#include "preload/lane.h"

struct block {
	uint64_t start, size;
	uint32_t context; /* where it was allocated */
	uint32_t n;       /* the lane's n-th */
	char path[LANE_PATH];
};

/* One has been allocated. There may be too many: then it is not known. */
void blocks_add(struct lane *me, uint64_t start, uint64_t size, uint32_t context);

/* It is being freed. */
void blocks_remove(uint64_t start);

/* The block with this byte; NULL: none is known. */
const struct block *blocks_find(uint64_t address);

#endif
