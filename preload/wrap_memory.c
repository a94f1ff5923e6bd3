/*
 * Memory that is given back: objects in it are forgotten, so that an address used again is a new
 * object; and blocks of instrumented programs. Nothing is allocated here for ourselves. Works
 * before the constructor has run, and costs next to nothing while there are no objects in
 * allocated memory.
 */
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/interpose.h"
#include "preload/memory.h"
#include "preload/memory/access.h"
#include "preload/memory/blocks.h"
#include "preload/memory/oracle.h"

/*
 * Sanitizers complain when they are asked for the size of what is not theirs, and that would hide
 * the error that the program is about to make; so they are asked for the owner first. Absent in
 * other programs.
 */
extern int __sanitizer_get_ownership(const volatile void *) __attribute__((weak));
extern size_t __sanitizer_get_allocated_size(const volatile void *) __attribute__((weak));
extern int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
						     void (*)(const volatile void *))
	__attribute__((weak));

static size_t size_of(void *memory)
{
	if (__sanitizer_get_ownership && __sanitizer_get_allocated_size)
		return __sanitizer_get_ownership(memory) ? __sanitizer_get_allocated_size(memory)
							 : 0;
	return malloc_usable_size(memory);
}

static void forget(uint64_t start, uint64_t size)
{
	if (thread_state.lane->stored)
		memory_settle(thread_state.lane);
	if (size && object_maybe_in(start, size))
		object_forget_range(start, size);
	if (size && memory_used)
		memory_forget(start, size);
}

/* Lanes in the program's own code have the turn; nobody else may look. */
static inline bool has_objects(void)
{
	return __builtin_expect(object_heap_count != 0 || memory_used, 0) && thread_state.lane &&
	       !thread_state.inside;
}

static void on_malloc(const volatile void *memory, size_t size)
{
	(void)memory;
	(void)size;
}

static void on_free(const volatile void *memory)
{
	if (memory && has_objects())
		forget((uint64_t)memory, size_of((void *)(uintptr_t)memory));
}

void memory_init(void)
{
	if (__sanitizer_install_malloc_and_free_hooks)
		__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

/*
 * dlsym(3) itself frees the message of an earlier failure: while it looks for us that one is
 * leaked.
 */
static bool find_free(void)
{
	static __thread bool looking __attribute__((tls_model("initial-exec")));

	if (looking)
		return false;
	looking = true;
	real_resolve(REAL_free);
	looking = false;
	return true;
}

/* The lane that is at work in its own code, of a program with instrumented code; else NULL. */
static inline struct lane *watched(const void *memory)
{
	struct lane *me = memory_used ? thread_state.lane : NULL;

	return __builtin_expect(me && memory && !thread_state.inside, 0) ? me : NULL;
}

/* True when the memory is kept. */
static inline bool is_kept(void *memory, struct unwind_start start)
{
	struct lane *me = watched(memory);
	bool kept = false;

	if (!me)
		return false;
	thread_state.inside = 1;
	start.stack = &me->stack;
	if (schedule.started)
		kept = oracle_free(me, &start, (uint64_t)memory, size_of(memory));
	if (!kept)
		blocks_remove((uint64_t)memory);
	thread_leave(me);
	return kept;
}

static inline void *allocated(void *memory, size_t size, struct unwind_start start)
{
	struct lane *me = watched(memory);

	if (!me || !size)
		return memory;
	thread_state.inside = 1;
	start.stack = &me->stack;
	blocks_add(me, (uint64_t)memory, size, runtime_context(&start));
	thread_leave(me);
	return memory;
}

/* Before our constructor has run the loader allocates, when dlsym(3) cannot be asked. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);

EXPORT void *malloc(size_t size)
{
	return allocated(real.malloc ? real.malloc(size) : __libc_malloc(size), size,
			 unwind_here(NULL));
}

EXPORT void *calloc(size_t count, size_t size)
{
	return allocated(real.calloc ? real.calloc(count, size) : __libc_calloc(count, size),
			 count * size, unwind_here(NULL));
}

EXPORT void free(void *memory)
{
	if (is_kept(memory, unwind_here(NULL)))
		return;
	if (memory && has_objects())
		forget((uint64_t)memory, size_of(memory));
	if (__builtin_expect(real.free != NULL, 1) || find_free())
		real.free(memory);
}

/* As realloc(3) that moves the block, which others may have a pointer to. */
static void *move(void *memory, size_t size, struct unwind_start start)
{
	size_t before = size_of(memory);
	void *result = REAL(realloc)(NULL, size);

	if (!result)
		return NULL;
	memcpy(result, memory, before < size ? before : size);
	allocated(result, size, start);
	if (!is_kept(memory, start))
		REAL(free)(memory);
	return result;
}

EXPORT void *realloc(void *memory, size_t size)
{
	uint64_t start = (uint64_t)memory;
	size_t before = memory && has_objects() ? size_of(memory) : 0;
	void *result;

	if (__builtin_expect(memory_used, 0) && schedule.started && before && size > before)
		return move(memory, size, unwind_here(NULL));
	if (memory && watched(memory))
		blocks_remove(start);
	result = allocated(REAL(realloc)(memory, size), size, unwind_here(NULL));
	if (!before || (!result && size))
		return result;
	if ((uint64_t)result != start)
		forget(start, before);
	else if (size < before)
		forget(start + size, before - size);
	return result;
}

EXPORT int munmap(void *memory, size_t size)
{
	if (size && has_objects())
		forget((uint64_t)memory, size);
	return REAL(munmap)(memory, size);
}
