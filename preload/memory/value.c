/*
 * See value.h.
 */
#include "preload/memory/value.h"

#include "preload/compose.h"

#define REP_MOVSB_BYTES 2 /* of the instruction */

extern const char value_peek_instruction[] __attribute__((visibility("hidden")));

/* One instruction that may fault, where the handler knows it: the rest is left undone. */
__attribute__((noinline, noclone)) static bool copy(void *to, uint64_t from, uint64_t bytes)
{
	__asm__ volatile(".globl value_peek_instruction\n"
			 ".hidden value_peek_instruction\n"
			 "value_peek_instruction: rep movsb"
			 : "+D"(to), "+S"(from), "+c"(bytes)
			 :
			 : "memory");
	return bytes == 0;
}

bool value_peek(uint64_t address, uint32_t size, uint64_t *value)
{
	*value = 0;
	return copy(value, address, size);
}

bool value_peek_failed(uint64_t *pc)
{
	if (*pc != (uint64_t)(uintptr_t)value_peek_instruction)
		return false;
	*pc += REP_MOVSB_BYTES;
	return true;
}

int64_t value_signed(uint64_t value, uint32_t size)
{
	unsigned unused = 64 - 8 * size;

	return (int64_t)(value << unused) >> unused;
}

static size_t write_one(char text[VALUE_TEXT], size_t at, uint32_t size, uint64_t value)
{
	static const char digits[] = "0123456789abcdef";
	int64_t number = value_signed(value, size);
	int shift;

	if (number <= INT32_MAX && number >= INT32_MIN) {
		if (number < 0)
			at = compose(text, VALUE_TEXT, at, "-");
		return compose_number(text, VALUE_TEXT, at,
				      (uint64_t)(number < 0 ? -number : number));
	}
	at = compose(text, VALUE_TEXT, at, "0x");
	for (shift = 60; shift > 0 && !(value >> shift); shift -= 4)
		;
	for (; shift >= 0; shift -= 4)
		at = compose_bytes(text, VALUE_TEXT, at, &digits[value >> shift & 15], 1);
	return at;
}

void value_write(char text[VALUE_TEXT], uint32_t size, uint64_t value, const uint64_t *before)
{
	size_t at = write_one(text, 0, size, value);

	if (!before)
		return;
	at = compose(text, VALUE_TEXT, at, " (was ");
	at = write_one(text, at, size, *before);
	compose(text, VALUE_TEXT, at, ")");
}
