/*
 * A pool of blocks, found by page.
 */
#include "preload/memory/blocks.h"

#include <stddef.h>
#include <string.h>

#include "preload/memory/pages.h"

#define BLOCKS 65536u
#define NODES 131072u
#define HEADS 8192u

static struct block blocks[BLOCKS];
static uint32_t used, free_list; /* chained through `n`, index + 1 */
static struct pages_node nodes[NODES];
static uint32_t heads[HEADS];
static struct pages pages = {
	.heads = heads, .head_mask = HEADS - 1, .nodes = nodes, .room = NODES
};

void blocks_add(struct lane *me, uint64_t start, uint64_t size, uint32_t context)
{
	uint32_t at = free_list ? free_list - 1 : used;

	me->blocks++;
	if (at == BLOCKS || !pages_enter(&pages, at, start, size))
		return;
	if (free_list)
		free_list = blocks[at].n;
	else
		used++;
	blocks[at] =
		(struct block){ .start = start, .size = size, .context = context, .n = me->blocks };
	memcpy(blocks[at].path, me->path, sizeof me->path);
}

const struct block *blocks_find(uint64_t address)
{
	uint32_t at;

	if (!used)
		return NULL;
	for (at = pages_first(&pages, address); at; at = pages_next(&pages, at)) {
		const struct block *block = &blocks[pages_item(&pages, at)];

		if (address - block->start < block->size)
			return block;
	}
	return NULL;
}

void blocks_remove(uint64_t start)
{
	const struct block *found = blocks_find(start);
	uint32_t at;

	if (!found)
		return;
	at = (uint32_t)(found - blocks);
	pages_leave(&pages, at, found->start, found->size);
	blocks[at].n = free_list;
	free_list = at + 1;
}
