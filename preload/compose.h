/*
 * Composing short texts without libc's formatted output, which may allocate: each function appends
 * to `to`, which has `room` bytes and is NUL-terminated at `at`, as far as there is room, and
 * returns where the text ends then.
 *
 *	at = compose(text, sizeof text, 0, name);
 *	at = compose_number(text, sizeof text, at, 2);
 */
#ifndef PRELOAD_COMPOSE_H
#define PRELOAD_COMPOSE_H

#include <stddef.h>
#include <stdint.h>

static inline size_t compose_bytes(char *to, size_t room, size_t at, const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n && text[i] && at + 1 < room; i++)
		to[at++] = text[i];
	to[at] = '\0';
	return at;
}

static inline size_t compose(char *to, size_t room, size_t at, const char *text)
{
	return compose_bytes(to, room, at, text, SIZE_MAX);
}

static inline size_t compose_number(char *to, size_t room, size_t at, uint64_t number)
{
	char digits[20];
	size_t n = sizeof digits;

	do
		digits[--n] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	return compose_bytes(to, room, at, digits + n, sizeof digits - n);
}

#endif
