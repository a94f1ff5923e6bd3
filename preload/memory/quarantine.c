/*
 * A ring of blocks, found by page.
 */
#include "preload/memory/quarantine.h"

#include <stddef.h>

#include "preload/memory/pages.h"

#define BLOCKS 2048u
#define BYTES_MOST (8ull << 20)
#define NODES 8192u
#define HEADS 1024u

bool quarantine_any;

static struct freed blocks[BLOCKS];
static uint32_t first, count; /* in the ring: the oldest, and how many */
static uint64_t bytes;
static struct pages_node nodes[NODES];
static uint32_t heads[HEADS];
static struct pages pages = {
	.heads = heads, .head_mask = HEADS - 1, .nodes = nodes, .room = NODES
};

static void drop_oldest(void (*give_back)(const struct freed *freed))
{
	struct freed *freed = &blocks[first];

	pages_leave(&pages, first, freed->start, freed->size);
	first = (first + 1) % BLOCKS;
	bytes -= freed->size;
	quarantine_any = --count > 0;
	give_back(freed);
}

bool quarantine_put(const struct freed *given, void (*give_back)(const struct freed *freed))
{
	if (!given->size || given->size > (PAGES_MOST - 1) * PAGES_BYTES)
		return false;
	while (count && (count == BLOCKS || bytes + given->size > BYTES_MOST))
		drop_oldest(give_back);
	while (!pages_enter(&pages, (first + count) % BLOCKS, given->start, given->size))
		drop_oldest(give_back);
	blocks[(first + count) % BLOCKS] = *given;
	count++;
	bytes += given->size;
	quarantine_any = true;
	return true;
}

const struct freed *quarantine_find(uint64_t address)
{
	uint32_t at;

	if (!quarantine_any)
		return NULL;
	for (at = pages_first(&pages, address); at; at = pages_next(&pages, at)) {
		const struct freed *freed = &blocks[pages_item(&pages, at)];

		if (address - freed->start < freed->size)
			return freed;
	}
	return NULL;
}
