/*
 * See value.h.
 */
#include "preload/memory/value.h"

#include "preload/compose.h"

extern const char value_peek_begin[] __attribute__((visibility("hidden")));
extern const char value_peek_end[] __attribute__((visibility("hidden")));

/*
 * Loads that may fault, between two labels that the handler knows: `found` stays 0 then. Not in
 * line, so that the labels are there once.
 */
__attribute__((noinline, noclone)) bool value_peek(uint64_t address, uint32_t size, uint64_t *value)
{
	uint64_t loaded = 0;
	uint32_t found = 0;

	__asm__ volatile(".globl value_peek_begin, value_peek_end\n"
			 ".hidden value_peek_begin, value_peek_end\n"
			 "value_peek_begin:\n"
			 "	cmpl $4, %[size]\n"
			 "	je 4f\n"
			 "	ja 8f\n"
			 "	cmpl $2, %[size]\n"
			 "	je 2f\n"
			 "	movzbl (%[address]), %k[loaded]\n"
			 "	jmp 1f\n"
			 "2:	movzwl (%[address]), %k[loaded]\n"
			 "	jmp 1f\n"
			 "4:	movl (%[address]), %k[loaded]\n"
			 "	jmp 1f\n"
			 "8:	movq (%[address]), %[loaded]\n"
			 "1:	movl $1, %[found]\n"
			 "value_peek_end:"
			 : [loaded] "+r"(loaded), [found] "+r"(found)
			 : [address] "r"(address), [size] "r"(size)
			 : "memory", "cc");
	*value = loaded;
	return found;
}

bool value_peek_failed(uint64_t *pc)
{
	uint64_t begin = (uint64_t)(uintptr_t)value_peek_begin;
	uint64_t end = (uint64_t)(uintptr_t)value_peek_end;

	if (*pc - begin >= end - begin)
		return false;
	*pc = end;
	return true;
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
