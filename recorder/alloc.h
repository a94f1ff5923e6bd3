/*
 * Memory in the CLI: running out of it ends the process with a message, callers never check.
 */
#ifndef RECORDER_ALLOC_H
#define RECORDER_ALLOC_H

#include <stdio.h>
#include <stdlib.h>

/* Returns `memory`, the result of malloc, strdup...; does not return when it is NULL. */
static inline void *alloc_check(void *memory)
{
	if (!memory) {
		fputs("frontrun: out of memory\n", stderr);
		exit(125);
	}
	return memory;
}

/*
 * Makes room for one more element in the array `items` of `count` elements of `size` bytes, whose
 * capacity is the next power of two from 16. Returns the array, perhaps moved.
 */
static inline void *alloc_grow(void *items, size_t count, size_t size)
{
	if (count && (count < 16 || (count & (count - 1))))
		return items;
	return alloc_check(reallocarray(items, count ? count * 2 : 16, size));
}

#endif
