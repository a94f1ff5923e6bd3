/*
 * A cursor over a line of a trace, for the fast ways of reading: each function steps over what it
 * takes, or is false, and then the line is for the slow way.
 */
#ifndef FORMATS_TRACE_CURSOR_H
#define FORMATS_TRACE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "formats/json_out.h"

struct cursor {
	const char *p;
	const char *end;
};

/* Step over `literal` if it stands here. */
static inline bool step(struct cursor *c, const char *literal, size_t len)
{
	if ((size_t)(c->end - c->p) < len || memcmp(c->p, literal, len))
		return false;
	c->p += len;
	return true;
}

#define STEP(c, literal) step(c, literal, sizeof(literal) - 1)

static inline bool digits(struct cursor *c, uint64_t *value)
{
	const char *start = c->p;
	uint64_t n = 0;

	while (c->p < c->end && (unsigned char)(*c->p - '0') < 10)
		n = n * 10 + (uint64_t)(*c->p++ - '0');
	*value = n;
	/* 19 digits cannot overflow; longer numbers are rare enough for the slow way. */
	return c->p > start && c->p - start < 20 && (*start != '0' || c->p - start == 1);
}

static inline bool take_uint(struct cursor *c, uint64_t max, uint64_t *value)
{
	bool quoted = STEP(c, "\"");

	return digits(c, value) && *value <= max &&
	       (quoted ? STEP(c, "\"") : *value <= (uint64_t)JSON_INTEGER_MAX);
}

static inline bool take_uint32(struct cursor *c, uint32_t max, uint32_t *value)
{
	uint64_t n;

	if (!digits(c, &n) || n > max)
		return false;
	*value = (uint32_t)n;
	return true;
}

static inline bool take_int(struct cursor *c, int64_t *value)
{
	bool quoted = STEP(c, "\"");
	bool negative = STEP(c, "-");
	uint64_t n;

	if (!digits(c, &n) || n > (uint64_t)INT64_MAX)
		return false;
	*value = negative ? -(int64_t)n : (int64_t)n;
	return quoted ? STEP(c, "\"") : n <= (uint64_t)JSON_INTEGER_MAX;
}

/* Printable ASCII up to the closing quote, without escapes. */
static inline bool take_plain(struct cursor *c, const char **text, size_t *len)
{
	const char *p = c->p;

	while (p < c->end && *p >= ' ' && *p != '"' && *p != '\\' && *p != 0x7f)
		p++;
	if (p == c->end || *p != '"')
		return false;
	*text = c->p;
	*len = (size_t)(p - c->p);
	c->p = p + 1;
	return true;
}

#endif
