/*
 * Numbers and literals as the fast writers of trace lines append them, into room that is reserved
 * already. For trace_lines.c and trace_answer.c only.
 */
#ifndef FORMATS_TRACE_DIGITS_H
#define FORMATS_TRACE_DIGITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "formats/json_out.h"

static inline char *put_bytes(char *p, const char *text, size_t len)
{
	memcpy(p, text, len);
	return p + len;
}

#define PUT_LITERAL(p, literal) put_bytes(p, literal, sizeof(literal) - 1)

static inline char *put_digits(char *p, uint64_t value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char text[20];
	char *t = text + sizeof(text);

	if (value < 10) {
		*p = (char)('0' + value);
		return p + 1;
	}
	while (value >= 100) {
		t -= 2;
		memcpy(t, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10) {
		t -= 2;
		memcpy(t, pairs + value * 2, 2);
	} else {
		*--t = (char)('0' + value);
	}
	return put_bytes(p, t, (size_t)(text + sizeof(text) - t));
}

static inline char *put_uint(char *p, uint64_t value)
{
	if (value <= (uint64_t)JSON_INTEGER_MAX)
		return put_digits(p, value);
	*p++ = '"';
	p = put_digits(p, value);
	*p++ = '"';
	return p;
}

static inline char *put_int(char *p, int64_t value)
{
	bool quoted = value > JSON_INTEGER_MAX || value < -JSON_INTEGER_MAX;

	if (quoted)
		*p++ = '"';
	if (value < 0)
		*p++ = '-';
	p = put_digits(p, value < 0 ? -(uint64_t)value : (uint64_t)value);
	if (quoted)
		*p++ = '"';
	return p;
}

#endif
