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

#define ACCESS(name, parameters, address_, size_, writes, action)                 \
	EXPORT void __tsan_##name parameters;                                     \
	EXPORT void __tsan_##name parameters                                      \
	{                                                                         \
		uint64_t at = (uint64_t)(uintptr_t)(address_);                    \
		struct lane *me = memory_enter(at, size_, writes, false, CALLER); \
                                                                                  \
		if (__builtin_expect(me != NULL, 0)) {                            \
			struct unwind_start start = unwind_here(&me->stack);      \
                                                                                  \
			memory_##action(me, &start, at, size_);                   \
		}                                                                 \
	}

#define READ(name, size) ACCESS(name, (const void *address), address, size, false, load)
#define WRITE(name, size) ACCESS(name, (void *address), address, size, true, store)

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

ACCESS(vptr_read, (void **object), object, sizeof(void *), false, load)

/* Of each constructor and destructor on the way; only a change is one. */
EXPORT void __tsan_vptr_update(void **object, void *table);

EXPORT void __tsan_vptr_update(void **object, void *table)
{
	uint64_t at = (uint64_t)(uintptr_t)object;
	struct lane *me = *object != table ? memory_enter(at, sizeof table, true, false, CALLER)
					   : NULL;

	if (me) {
		struct unwind_start start = unwind_here(&me->stack);

		memory_store(me, &start, at, sizeof table);
	}
}

/* Of a structure that is copied or set, or a part of an array. */
ACCESS(read_range, (const void *address, unsigned long size), address, size, false, load)
ACCESS(write_range, (void *address, unsigned long size), address, size, true, store)

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
