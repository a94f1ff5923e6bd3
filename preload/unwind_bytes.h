/*
 * Bounded cursor over bytes of call frame information: each read checks the end, and
 * one bad read makes all later ones return 0 with `bad` set, so that callers check once.
 * Private to unwind_cfi.c and unwind_expr.c. LEB128: DWARF 5 section 7.6.
 */
#ifndef FRONTRUN_PRELOAD_UNWIND_BYTES_H
#define FRONTRUN_PRELOAD_UNWIND_BYTES_H

#include <stdbool.h>
#include <stdint.h>

struct bytes {
	const uint8_t *p, *end;
	bool bad;
};

/* The next n bytes as a cursor of their own; b moves behind them. */
static inline struct bytes bytes_cut(struct bytes *b, uint64_t n)
{
	struct bytes part = { b->p, b->p, true };

	if (b->bad || n > (uint64_t)(b->end - b->p)) {
		b->bad = true;
		return part;
	}
	b->p += n;
	part.end = b->p;
	part.bad = false;
	return part;
}

/* A little-endian number of n bytes, n = 1, 2, 4 or 8. */
static inline uint64_t bytes_fixed(struct bytes *b, int n)
{
	struct bytes part = bytes_cut(b, (uint64_t)n);
	uint64_t value = 0;

	if (part.bad)
		return 0;
	__builtin_memcpy(&value, part.p, (uint64_t)n);
	return value;
}

static inline uint64_t bytes_leb(struct bytes *b, bool is_signed)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)bytes_fixed(b, 1);
		if (shift > 63) {
			b->bad = true;
			return 0;
		}
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && (byte & 0x40))
		value |= ~UINT64_C(0) << shift;
	return value;
}

static inline uint64_t bytes_uleb(struct bytes *b)
{
	return bytes_leb(b, false);
}

static inline int64_t bytes_sleb(struct bytes *b)
{
	return (int64_t)bytes_leb(b, true);
}

/* A NUL-terminated string; "" and bad if the end comes first. */
static inline const char *bytes_string(struct bytes *b)
{
	const char *s = (const char *)b->p;

	while (bytes_fixed(b, 1) != 0)
		;
	return b->bad ? "" : s;
}

#endif
