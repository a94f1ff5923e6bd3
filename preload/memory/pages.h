/*
 * From an address to what covers it: for each page a list of the items that have a part of it, by
 * hash. Items are numbers of the caller's, who knows their ranges and asks whether they fit. Only
 * what is used is touched: a run is a fork, and copies each page that it changes. Requires the
 * turn.
 *
 *	for (at = pages_first(&pages, address); at; at = pages_next(&pages, at))
 *		item = pages_item(&pages, at);
 */
#ifndef PRELOAD_MEMORY_PAGES_H
#define PRELOAD_MEMORY_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#define PAGES_BYTES 4096u
#define PAGES_MOST 256u /* of one item: what is beyond is not found */

struct pages_node {
	uint32_t item;
	uint32_t next; /* index + 1 */
};

struct pages {
	uint32_t *heads; /* index + 1 of a node; a power of two of them */
	uint32_t head_mask;
	struct pages_node *nodes;
	uint32_t room, used, free; /* free: index + 1, chained through `next` */
	uint32_t free_count;
};

/* False: there is no room, and nothing has been entered. */
bool pages_enter(struct pages *pages, uint32_t item, uint64_t start, uint64_t size);
void pages_leave(struct pages *pages, uint32_t item, uint64_t start, uint64_t size);

static inline uint32_t pages_first(const struct pages *pages, uint64_t address)
{
	return pages->heads[address / PAGES_BYTES & pages->head_mask];
}

static inline uint32_t pages_next(const struct pages *pages, uint32_t at)
{
	return pages->nodes[at - 1].next;
}

static inline uint32_t pages_item(const struct pages *pages, uint32_t at)
{
	return pages->nodes[at - 1].item;
}

#endif
