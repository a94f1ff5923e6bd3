/*
 * Values in memory of the program, as an event has them.
 */
#ifndef PRELOAD_MEMORY_VALUE_H
#define PRELOAD_MEMORY_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Copies `size` bytes (1, 2, 4, 8) of the program's memory, zero-extended; false when there is no
 * memory. Async-signal-safe.
 */
bool value_peek(uint64_t address, uint32_t size, uint64_t *value);

/* A SIGSEGV or SIGBUS at `*pc` was value_peek()'s: `*pc` is where to go on. */
bool value_peek_failed(uint64_t *pc);

/* As a signed number of so many bytes. */
static inline int64_t value_signed(uint64_t value, uint32_t size)
{
	unsigned unused = 64 - 8 * size;

	return (int64_t)(value << unused) >> unused;
}

/* Writes "5", or "5 (was 4)"; addresses are hexadecimal. */
#define VALUE_TEXT 64
void value_write(char text[VALUE_TEXT], uint32_t size, uint64_t value, const uint64_t *before);

#endif
