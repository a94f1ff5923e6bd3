/*
 * Records into the ring of the shared region, one after the other:
 *
 *	record = ring_reserve(RECORD_NOTE, size);
 *	...
 *	ring_commit(size);
 *
 * A full ring makes the writer wait for the CLI: nothing is ever dropped. Requires the turn.
 */
#ifndef PRELOAD_RING_H
#define PRELOAD_RING_H

#include <stdint.h>

#include "formats/record.h"
#include "formats/region.h"
#include "preload/log.h"

/*
 * Up to here the ring is known to be free. The tail itself is on a cache line that the CLI, on
 * another CPU, writes all the time: it is read when this is used up only.
 */
extern uint64_t ring_limit;

/*
 * So far ahead of the record a line is asked for: most are in the cache of the CLI's CPU, which
 * has read them, and to wait for each would be a third of what an event costs. Beyond the ring
 * there is other memory of the region.
 */
#define RING_AHEAD 512u

/* Another region has been attached. */
void ring_start(void);

/* Waits until a record of this size fits before the end of the ring, and moves ring_limit. */
void ring_make_space(uint32_t size);

/* Room for one record, at most RECORD_MAX bytes; nobody sees it before ring_commit(). */
static inline void *ring_reserve(uint16_t type, uint32_t size)
{
	struct region_ring *ring = &region->ring[0];
	struct record_head *head;

	if (__builtin_expect(ring->head + size > ring_limit, 0))
		ring_make_space(size);
	head = (struct record_head *)(ring->bytes + (ring->head & (REGION_RING_BYTES - 1)));
	__asm__ volatile("prefetchw %0" : : "m"(*((const char *)head + RING_AHEAD)));
	*head = (struct record_head){ .type = type, .size = size };
	return head;
}

static inline void ring_commit(uint32_t size)
{
	struct region_ring *ring = &region->ring[0];
	uint64_t head = ring->head + size;

	__atomic_store_n(&ring->head, head, __ATOMIC_RELEASE);
	/* Each eighth of the ring: wake a CLI that sleeps. */
	if (__builtin_expect((head ^ (head - size)) & ~(uint64_t)(REGION_RING_BYTES / 8 - 1), 0) &&
	    region->header.cli_asleep)
		log_ring_doorbell();
}

#endif
