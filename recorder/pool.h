/*
 * Strings and blocks that live as long as their owner: each string once, nothing freed one by one.
 */
#ifndef RECORDER_POOL_H
#define RECORDER_POOL_H

#include <stddef.h>

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *pool);

/* The pool's copy of a string: equal strings give the same pointer. NULL gives NULL. */
const char *pool_string(struct pool *pool, const char *text);
const char *pool_string_n(struct pool *pool, const char *text, size_t length);

/* Formatted, cut at 4095 bytes. */
const char *pool_format(struct pool *pool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* `size` zeroed bytes, aligned for any type; `size` may be 0. */
void *pool_block(struct pool *pool, size_t size);

#endif
