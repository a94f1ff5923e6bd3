/*
 * A ring of blocks, and for each page that one of them is in a list, by hash. Only what is used is
 * touched: a run is a fork, and copies each page that it changes.
 */
#include "preload/memory/quarantine.h"

#include <stddef.h>

#define BLOCKS 2048u
#define BYTES_MOST (8ull << 20)
#define PAGE 4096u
#define PAGES_MOST 256u /* of one block */
#define NODES 8192u
#define HEADS 1024u

/* A block in the list of a page. */
struct node {
	uint16_t block; /* index */
	uint16_t next;  /* index + 1 */
};

bool quarantine_any;

static struct freed blocks[BLOCKS];
static uint32_t first, count; /* in the ring: the oldest, and how many */
static uint64_t bytes;
static struct node nodes[NODES];
static uint16_t heads[HEADS]; /* index + 1 */
static uint32_t nodes_used, free_node /* index + 1 */;

static uint16_t *head_of(uint64_t address)
{
	return &heads[(address / PAGE) % HEADS];
}

static void enter(uint32_t block, uint64_t address)
{
	uint16_t *head = head_of(address);
	uint32_t at = free_node ? free_node - 1 : nodes_used++;

	if (free_node)
		free_node = nodes[at].next;
	nodes[at] = (struct node){ .block = (uint16_t)block, .next = *head };
	*head = (uint16_t)(at + 1);
}

static void leave(uint32_t block, uint64_t address)
{
	uint16_t *link = head_of(address), at;

	while (nodes[*link - 1].block != block)
		link = &nodes[*link - 1].next;
	at = *link;
	*link = nodes[at - 1].next;
	nodes[at - 1].next = (uint16_t)free_node;
	free_node = at;
}

static uint64_t page_of(const struct freed *freed, uint32_t n)
{
	return (freed->start & ~(uint64_t)(PAGE - 1)) + (uint64_t)n * PAGE;
}

static uint32_t nodes_left(void)
{
	uint32_t left = NODES - nodes_used, at;

	for (at = free_node; at && left < PAGES_MOST; at = nodes[at - 1].next)
		left++;
	return left;
}

static void drop_oldest(void (*give_back)(const struct freed *freed))
{
	struct freed *freed = &blocks[first];
	uint32_t i;

	for (i = 0; i < freed->pages; i++)
		leave(first, page_of(freed, i));
	first = (first + 1) % BLOCKS;
	bytes -= freed->size;
	quarantine_any = --count > 0;
	give_back(freed);
}

bool quarantine_put(const struct freed *given, void (*give_back)(const struct freed *freed))
{
	uint64_t offset = given->start & (PAGE - 1);
	uint32_t pages = (uint32_t)((offset + given->size + PAGE - 1) / PAGE), at, i;

	if (!given->size || given->size > BYTES_MOST || pages > PAGES_MOST)
		return false;
	while (count &&
	       (count == BLOCKS || bytes + given->size > BYTES_MOST || nodes_left() < pages))
		drop_oldest(give_back);
	at = (first + count) % BLOCKS;
	blocks[at] = *given;
	blocks[at].pages = pages;
	for (i = 0; i < pages; i++)
		enter(at, page_of(given, i));
	count++;
	bytes += given->size;
	quarantine_any = true;
	return true;
}

const struct freed *quarantine_find(uint64_t address)
{
	uint16_t at;

	if (!quarantine_any)
		return NULL;
	for (at = *head_of(address); at; at = nodes[at - 1].next) {
		const struct freed *freed = &blocks[nodes[at - 1].block];

		if (address - freed->start < freed->size)
			return freed;
	}
	return NULL;
}
