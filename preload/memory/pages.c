/*
 * See pages.h.
 */
#include "preload/memory/pages.h"

static uint32_t count_of(uint64_t start, uint64_t size)
{
	uint64_t count = (start % PAGES_BYTES + size + PAGES_BYTES - 1) / PAGES_BYTES;

	return count < PAGES_MOST ? (uint32_t)count : PAGES_MOST;
}

static uint32_t *head_of(struct pages *pages, uint64_t start, uint32_t page)
{
	return &pages->heads[(start / PAGES_BYTES + page) & pages->head_mask];
}

static void put_in(struct pages *pages, uint32_t item, uint32_t *head)
{
	uint32_t at = pages->free ? pages->free - 1 : pages->used++;

	if (pages->free) {
		pages->free = pages->nodes[at].next;
		pages->free_count--;
	}
	pages->nodes[at] = (struct pages_node){ .item = item, .next = *head };
	*head = at + 1;
}

static void take_out(struct pages *pages, uint32_t item, uint32_t *link)
{
	uint32_t at;

	while (pages->nodes[*link - 1].item != item)
		link = &pages->nodes[*link - 1].next;
	at = *link;
	*link = pages->nodes[at - 1].next;
	pages->nodes[at - 1].next = pages->free;
	pages->free = at;
	pages->free_count++;
}

bool pages_enter(struct pages *pages, uint32_t item, uint64_t start, uint64_t size)
{
	uint32_t count = count_of(start, size), i;

	if (pages->room - pages->used + pages->free_count < count)
		return false;
	for (i = 0; i < count; i++)
		put_in(pages, item, head_of(pages, start, i));
	return true;
}

void pages_leave(struct pages *pages, uint32_t item, uint64_t start, uint64_t size)
{
	uint32_t count = count_of(start, size), i;

	for (i = 0; i < count; i++)
		take_out(pages, item, head_of(pages, start, i));
}
