/*
 * Where the ring is full, at its end, and the doorbell. See ring.h.
 */
#include "preload/ring.h"

#include <linux/futex.h>

#include "preload/raw.h"

#define RING (&region->ring[0])

uint64_t ring_limit;

void ring_start(void)
{
	ring_limit = 0;
}

void log_ring_doorbell(void)
{
	__atomic_add_fetch(&region->header.doorbell, 1, __ATOMIC_SEQ_CST);
	raw(SYS_futex, &region->header.doorbell, FUTEX_WAKE, 1 << 30, 0, 0, 0);
}

/* Waits until `size` bytes are free. The CLI bumps `space` after it has moved the tail. */
static void wait_for_space(uint64_t size)
{
	struct region_ring *ring = RING;

	for (;;) {
		uint32_t seen = __atomic_load_n(&ring->space, __ATOMIC_SEQ_CST);

		__atomic_store_n(&ring->waiting, 1, __ATOMIC_SEQ_CST);
		if (ring->head + size - __atomic_load_n(&ring->tail, __ATOMIC_SEQ_CST) <=
		    REGION_RING_BYTES)
			break;
		log_ring_doorbell();
		raw(SYS_futex, &ring->space, FUTEX_WAIT, seen, 0, 0, 0);
	}
	__atomic_store_n(&ring->waiting, 0, __ATOMIC_SEQ_CST);
}

void ring_make_space(uint32_t size)
{
	struct region_ring *ring = RING;
	uint64_t at = ring->head & (REGION_RING_BYTES - 1);
	uint64_t to_end = REGION_RING_BYTES - at;

	if (to_end < size) {
		struct record_head *head = (struct record_head *)(ring->bytes + at);

		wait_for_space(to_end + size);
		head->type = RECORD_PAD;
		head->reserved = 0;
		head->size = (uint32_t)to_end;
		__atomic_store_n(&ring->head, ring->head + to_end, __ATOMIC_RELEASE);
		at = 0;
	} else if (ring->head + size - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) >
		   REGION_RING_BYTES) {
		wait_for_space(size);
	}
	/* Never past the end of the ring: the next record there has to be a pad. */
	ring_limit = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) + REGION_RING_BYTES;
	if (ring_limit > ring->head - at + REGION_RING_BYTES)
		ring_limit = ring->head - at + REGION_RING_BYTES;
}
