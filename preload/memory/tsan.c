/*
 * The interface that gcc and clang call with -fsanitize=thread: reads, writes, entries of functions
 * (gcc 12, libsanitizer/tsan/tsan_interface.h; clang 14, compiler-rt). Atomic operations are
 * atomic.c. Our library stands in the place of libtsan, and does nothing where there is no run.
 */
#include "preload/interpose.h"
#include "preload/memory/access.h"
#include "preload/memory/calls.h"
#include "preload/memory/strings.h"

#define CALLER ((uint64_t)(uintptr_t)__builtin_return_address(0))

/* Not in line, so that the others need no registers. `frame` is that of the exported function. */
static __attribute__((noinline)) void look(uint64_t at, uint64_t size, bool writes,
					   const uint64_t *frame)
{
	struct lane *me = memory_enter(at, size, writes, false, frame[1]);

	if (!me)
		return;
	me->last = (struct unwind_start){ .pc = frame[1],
					  .sp = (uint64_t)(uintptr_t)(frame + 2),
					  .bp = frame[0],
					  .stack = &me->stack };
	if (writes)
		memory_store(me, at, (uint32_t)size);
	else
		memory_load(me, at, (uint32_t)size);
}

/* The frame stays until look() returns: it is no call in the last place. */
#define ACCESS(name, parameters, address_, size_, writes)                          \
	EXPORT void __tsan_##name parameters;                                      \
	EXPORT void __tsan_##name parameters                                       \
	{                                                                          \
		uint64_t at = (uint64_t)(uintptr_t)(address_);                     \
                                                                                   \
		if (__builtin_expect(memory_passes(at, size_, writes, CALLER), 1)) \
			return;                                                    \
		look(at, size_, writes, __builtin_frame_address(0));               \
		__asm__ volatile("");                                              \
	}

#define READ(name, size) ACCESS(name, (const void *address), address, size, false)
#define WRITE(name, size) ACCESS(name, (void *address), address, size, true)

#define SCALAR(size)                      \
	READ(read##size, size)            \
	WRITE(write##size, size)          \
	READ(volatile_read##size, size)   \
	WRITE(volatile_write##size, size) \
	WRITE(read_write##size, size)

#define UNALIGNED(size)                             \
	READ(unaligned_read##size, size)            \
	WRITE(unaligned_write##size, size)          \
	READ(unaligned_volatile_read##size, size)   \
	WRITE(unaligned_volatile_write##size, size) \
	WRITE(unaligned_read_write##size, size)

SCALAR(1)
SCALAR(2)
SCALAR(4)
SCALAR(8)
SCALAR(16)
UNALIGNED(2)
UNALIGNED(4)
UNALIGNED(8)
UNALIGNED(16)

ACCESS(vptr_read, (void **object), object, sizeof(void *), false)

/* Of each constructor and destructor on the way; only a change is one. */
EXPORT void __tsan_vptr_update(void **object, void *table);

EXPORT void __tsan_vptr_update(void **object, void *table)
{
	uint64_t at = (uint64_t)(uintptr_t)object;
	struct lane *me = *object != table ? memory_enter(at, sizeof table, true, false, CALLER)
					   : NULL;

	if (me) {
		me->last = unwind_here(&me->stack);
		memory_store(me, at, sizeof table);
	}
}

/* Of a structure that is copied or set, or a part of an array. */
ACCESS(read_range, (const void *address, unsigned long size), address, size, false)
ACCESS(write_range, (void *address, unsigned long size), address, size, true)

EXPORT void __tsan_init(void);
EXPORT void __tsan_func_entry(void *caller);
EXPORT void __tsan_func_exit(void);

/* From the constructor of each instrumented module. */
EXPORT void __tsan_init(void)
{
	memory_used = true;
	if (region)
		strings_redirect(CALLER);
}

/* `caller` is the return address of the function that calls. */
EXPORT void __tsan_func_entry(void *caller)
{
	struct lane *me = thread_state.lane;

	if (hb_on && me && me->slot < HB_LANES)
		calls_enter(me, (uint64_t)(uintptr_t)caller,
			    (uint64_t)(uintptr_t)__builtin_frame_address(0));
}

EXPORT void __tsan_func_exit(void)
{
	struct lane *me = thread_state.lane;

	if (hb_on && me && me->slot < HB_LANES)
		calls_leave(me);
}
