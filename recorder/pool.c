/*
 * See the header. A hash table of the strings and a list of the blocks.
 */
#include "recorder/pool.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"

#define uthash_fatal(message) alloc_check(NULL)
#include <uthash.h>

struct pool_string {
	UT_hash_handle hh;
	char text[];
};

struct pool_block {
	struct pool_block *next;
	max_align_t data[];
};

struct pool {
	struct pool_string *strings;
	struct pool_block *blocks;
};

struct pool *pool_new(void)
{
	return alloc_check(calloc(1, sizeof(struct pool)));
}

void pool_free(struct pool *pool)
{
	struct pool_string *string, *next_string;
	struct pool_block *block, *next;

	if (!pool)
		return;
	HASH_ITER (hh, pool->strings, string, next_string) {
		HASH_DEL(pool->strings, string);
		free(string);
	}
	for (block = pool->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(pool);
}

const char *pool_string_n(struct pool *pool, const char *text, size_t length)
{
	struct pool_string *string;

	HASH_FIND(hh, pool->strings, text, length, string);
	if (!string) {
		string = alloc_check(calloc(1, sizeof(*string) + length + 1));
		memcpy(string->text, text, length);
		HASH_ADD_KEYPTR(hh, pool->strings, string->text, length, string);
	}
	return string->text;
}

const char *pool_string(struct pool *pool, const char *text)
{
	return text ? pool_string_n(pool, text, strlen(text)) : NULL;
}

const char *pool_format(struct pool *pool, const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return pool_string(pool, text);
}

void *pool_block(struct pool *pool, size_t size)
{
	struct pool_block *block = alloc_check(calloc(1, sizeof(*block) + size));

	block->next = pool->blocks;
	pool->blocks = block;
	return block->data;
}
