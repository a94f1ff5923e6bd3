/*
 * Context ids: call stacks interned to small dense numbers, one for each event of
 * the recorder. A repeated call from the same stack costs about 10 ns because a
 * remembered walk is verified, word for word, instead of being done again. It does
 * not name functions, and does not write to the log: it says what is to be announced.
 *
 * Usage:
 *	struct context_table *ct;
 *	context_init(&ct, arena, size);
 *	uint32_t id = context_capture(ct, &start);	// 1-based
 *	for (; announced < context_count(ct); announced++)
 *		announce(context_frames(ct, announced + 1, &n));
 *
 * The table lives wholly in the caller's arena (which class of memory that is, is
 * the caller's choice) and holds absolute pointers into it: a forked child may go on
 * using its copy at the same address. One user at a time (the baton); no lock, no
 * allocation, errno untouched. Not for crash handlers: use unwind_from_ucontext().
 */
#ifndef FRONTRUN_PRELOAD_CONTEXT_H
#define FRONTRUN_PRELOAD_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/unwind.h"

enum {
	CONTEXT_CAPACITY = 65536, /* the usual number of contexts of a table */
};

struct context_table;

struct context_stats {
	uint64_t fast;     /* captures answered by a remembered walk */
	uint64_t walked;   /* captures that walked the stack */
	uint64_t overflow; /* new stacks that no longer fitted: context of their pc alone */
	uint64_t lost;     /* not even that fitted: id 0 was returned */
};

/* Bytes that context_init() needs for `capacity` contexts (rounded up to a power of two). */
size_t context_arena_size(uint32_t capacity);

/*
 * Build a table in arena, which is zero-filled, 64-byte aligned, and owned by the
 * caller as long as the table is used. Pages are touched only as contexts come.
 * Returns 0 and the table, or -EINVAL (unaligned) or -ENOSPC (below the size for 64).
 * `size` bytes decide the capacity.
 */
int context_init(struct context_table **out, void *arena, size_t size);

/*
 * The id of the call stack at start: same stack (same program counters), same id,
 * whatever the caches hold. Ids begin at 1 and are dense, in order of first capture.
 * 0 = none, only when the table is full. A stack with an address in an unknown module
 * makes it call modules_rescan(): see there for what that requires.
 */
uint32_t context_capture(struct context_table *ct, const struct unwind_start *start);

/*
 * The id of a stack given by its program counters, innermost first, at most UNWIND_MAX. One with
 * bit 63 is no address but what the caller knows, and outlives all modules.
 */
uint32_t context_intern(struct context_table *ct, const uint64_t *pcs, uint32_t n);

/*
 * The program counters of a context, innermost first (see unwind.h on pc - 1),
 * owned by the table, constant; NULL if id is 0 or not yet given. An id outlives
 * the unloading of its modules, so resolve its addresses when it is new.
 */
const uint64_t *context_frames(const struct context_table *ct, uint32_t id, uint32_t *n);

/* A frame of a stack, as a walk from `start` finds it. */
struct context_frame {
	uint64_t pc;     /* in its function, as the walk has it */
	uint64_t caller; /* where it returns to */
	uint64_t cfa;    /* its canonical frame address: where its caller's part begins */
};

/* The frame that has this byte; false when the walk does not tell. */
bool context_frame_of(struct context_table *ct, const struct unwind_start *start, uint64_t address,
		      struct context_frame *frame);

/* Why the walk of this context ended; UNWIND_DEPTH = there are more frames. */
enum unwind_end context_end(const struct context_table *ct, uint32_t id);

/* The highest id given so far. */
uint32_t context_count(const struct context_table *ct);

/* unwind_learn() with the table's cache. */
uint32_t context_learn(struct context_table *ct, uint32_t done);

void context_stats(const struct context_table *ct, struct context_stats *out);

#endif
