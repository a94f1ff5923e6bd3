/*
 * The inside of the table of contexts, and the way in which most call stacks are found in it, in
 * line: by a walk that is remembered. See context.c for why it can be believed.
 */
#ifndef PRELOAD_CONTEXT_TABLE_H
#define PRELOAD_CONTEXT_TABLE_H

#include "preload/context.h"
#include "preload/modules.h"

#define CONTEXT_LINE 64
#define CONTEXT_WAYS 4
#define CONTEXT_LAST 32
#define CONTEXT_FIRST_INDEX 128

/* A remembered walk. Empty while stamp is not modules_epoch() + 1. */
struct context_walk {
	uint64_t depth; /* unwind_limit() - sp */
	uint32_t stamp;
	uint32_t id;
	uint32_t n_modules;        /* when the walk guessed: modules_count() then; else 0 */
	struct unwind_trace trace; /* its key too: pcs[0] */
} __attribute__((aligned(CONTEXT_LINE)));

struct context {
	uint64_t pcs[UNWIND_MAX];
	uint32_t n_modules; /* modules_count() when it was interned */
	uint8_t n;
	uint8_t end;
	bool gone; /* an address of it lost its module: not in the index any more */
};

struct context_table {
	uint32_t capacity;   /* a power of two */
	uint32_t set_mask;   /* sets of variants in use - 1 */
	uint32_t remembered; /* since set_mask is as it is */
	uint32_t index_mask; /* places of the index in use - 1 */
	uint32_t count;
	uint32_t epoch;
	uint32_t next_way;
	struct context_stats stats;
	struct unwind_cache *cache;
	const struct context_walk *last[CONTEXT_LAST]; /* that was met, by hash of its pc */
	struct context_walk *variants;                 /* n_sets(capacity) * CONTEXT_WAYS */
	struct context *contexts;                      /* id - 1 */
	uint32_t *index;     /* ids by hash of pcs, up to 2 * capacity; 0 = free */
	uint32_t *all_index; /* where it is when there is more than the first one: */
	uint32_t first_index[CONTEXT_FIRST_INDEX];
};

/* Is this the walk from there, if it did not guess, or no module has come since? */
static inline bool context_is(const struct context_walk *walk, const struct unwind_start *start,
			      uint64_t pc, uint64_t depth)
{
	return walk->trace.pcs[0] == pc && walk->depth == depth &&
	       walk->stamp == modules_epoch() + 1 && unwind_holds(&walk->trace, start);
}

static inline uint64_t context_depth(const struct unwind_start *start)
{
	return unwind_limit(start) - start->sp;
}

/* Where the walk that was met last from this pc, or another one, is noted. */
static inline const struct context_walk **context_last(struct context_table *ct, uint64_t pc)
{
	return &ct->last[(pc ^ pc >> 8) % CONTEXT_LAST];
}

/* The id of the stack, if its walk is that one; 0: context_capture() has to be asked. */
static inline uint32_t context_again(struct context_table *ct, const struct unwind_start *start)
{
	uint64_t pc = start->pc + start->exact;
	const struct context_walk *walk = *context_last(ct, pc);

	if (!walk || walk->n_modules || !context_is(walk, start, pc, context_depth(start)))
		return 0;
	ct->stats.fast++;
	return walk->id;
}

#endif
