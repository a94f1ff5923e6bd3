/*
 * Accesses of instrumented code to memory, as scheduling points and events. The interface that
 * compilers call (tsan.c, atomic.c) asks memory_enter() first, which answers most accesses.
 *
 *	struct lane *me = memory_enter(address, 4, false, false, pc);
 *
 *	if (me) {
 *		me->last = unwind_here(&me->stack);
 *		memory_load(me, address, 4);
 *	}
 *
 * An access is counted in the lane's k whether or not it matters, so that decisions of one run mean
 * the same in another that knows more. A store is the pending operation until it has taken place,
 * as the compiler calls before it: the lane's next access or operation writes the event.
 */
#ifndef PRELOAD_MEMORY_ACCESS_H
#define PRELOAD_MEMORY_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/memory/bytes.h"
#include "preload/memory/filter.h"
#include "preload/memory/hb.h"
#include "preload/memory/settle.h"
#include "preload/memory/used.h"
#include "preload/thread_state.h"

/* From the constructor. */
void memory_start(void);

/* A run begins in this process. */
void memory_run(void);

/* A read of `size` bytes is about to take place, or a write, at me->last. Leaves the runtime. */
void memory_load(struct lane *me, uint64_t address, uint32_t size);
void memory_store(struct lane *me, uint64_t address, uint32_t size);

/*
 * An atomic operation of `kind` (LOAD, STORE, UPDATE), around what the caller does itself, at
 * me->last. _end() leaves the runtime; a comparison that failed has become a LOAD.
 */
void memory_atomic_begin(struct lane *me, uint64_t address, uint32_t size, unsigned kind);
void memory_atomic_end(struct lane *me, unsigned kind, uint64_t address, uint32_t size,
		       uint64_t before, uint64_t after);

/*
 * The variables in a block that is given back which other lanes have used, as bytes_objects(): of
 * its beginning, if it is large.
 */
uint32_t memory_used_in(struct lane *me, uint64_t address, uint64_t size, uint32_t context,
			struct object *found[BYTES_OBJECTS]);

/* The lane ends, and with it its stack. */
void memory_forget_stack(const struct lane *me);

/* Memory that is given back, or whose contents have become another object's. */
void memory_forget(uint64_t start, uint64_t size);

/*
 * The lane has gone on for long. It may wait for something that only it has looked at so far, so
 * others get a turn, ever more rarely.
 */
void memory_breathe(struct lane *me);

/* Does the access matter, in any of the words that it is to? */
bool memory_matters_long(const struct lane *me, uint64_t address, uint64_t size,
			 struct filter_access *access);

static inline __attribute__((always_inline)) bool memory_matters(const struct lane *me,
								 uint64_t address, uint64_t size,
								 bool writes, bool atomic,
								 uint64_t pc)
{
	struct filter_access access = {
		.site = filter_site(pc),
		.word = address & ~7ull,
		.mask = atomic ? FILTER_ATOMIC : 0,
		.writes = writes,
	};
	uint32_t skipped = (uint32_t)(address & 7);

	if (__builtin_expect(!access.site, 0))
		return false;
	if (__builtin_expect(skipped + size > 8, 0))
		return memory_matters_long(me, address, size, &access);
	access.mask |= (uint16_t)(((1u << size) - 1) << skipped);
	return filter_word_matters(me, &access);
}

/*
 * NULL: the access goes on. Else the calling thread's lane, inside the runtime: the access is an
 * event.
 */
static inline __attribute__((always_inline)) struct lane *memory_enter(uint64_t address,
								       uint64_t size, bool writes,
								       bool atomic, uint64_t pc)
{
	struct lane *me = thread_state.lane;

	if (__builtin_expect(!me || thread_state.inside || !schedule.started, 0))
		return 0;
	if (__builtin_expect(me->stored != 0, 0))
		memory_settle(me);
	if (__builtin_expect(memory_matters(me, address, size, writes, atomic, pc), 0)) {
		thread_state.inside = 1;
		return me;
	}
	if (__builtin_expect(++me->k >= me->breathes, 0))
		memory_breathe(me);
	return 0;
}

/*
 * Most accesses, as filter_passes() says: counted, and gone on. False: memory_enter() is to look at
 * it.
 */
static inline __attribute__((always_inline)) bool memory_passes(uint64_t address, uint64_t size,
								bool writes, uint64_t pc)
{
	struct lane *me = thread_state.lane;

	if (__builtin_expect(!me, 0))
		return true;
	if (__builtin_expect(thread_state.inside || !schedule.started || me->stored ||
				     me->k + 1 >= me->breathes ||
				     !filter_passes(me, address, size, writes, pc),
			     0))
		return false;
	me->k++;
	return true;
}

/* What an atomic operation that has been done orders. */
static inline void memory_order(uint64_t address, bool reads, bool writes, int order)
{
	struct lane *me = thread_state.lane;

	if (hb_on && me && !thread_state.inside && schedule.started)
		hb_atomic(me, address, reads, writes, order);
}

#endif
