/*
 * Lines of text for people and the neutralising of strings that are not ours. Knows nothing of
 * traces, terminals or colour.
 */
#include "recorder/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void text_init(struct text *text, char *buffer, size_t size)
{
	text->data = buffer;
	text->size = size;
	text_reset(text);
}

void text_reset(struct text *text)
{
	text->len = 0;
	text->data[0] = '\0';
}

/* All of `bytes` or nothing. */
static void put(struct text *text, const char *bytes, size_t len)
{
	if (len >= text->size - text->len)
		return;
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void text_add(struct text *text, const char *words)
{
	size_t len = strlen(words);
	size_t room = text->size - text->len - 1;

	if (len > room)
		for (len = room; len && ((uint8_t)words[len] & 0xc0) == 0x80; len--)
			;
	put(text, words, len);
}

void text_addf(struct text *text, const char *format, ...)
{
	char words[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	text_add(text, words);
}

/*
 * Length of the UTF-8 sequence at `s` (RFC 3629) and its code point, 0 when the bytes are none.
 */
static size_t decode(const uint8_t *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n, i;

	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	*code = s[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

static bool is_harmless(uint32_t code)
{
	return code >= 0x20 && !(code >= 0x7f && code < 0xa0) &&
	       !(code >= 0x202a && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069);
}

static void add_clean(struct text *text, const char *bytes, size_t len, const char *keep)
{
	const uint8_t *s = (const uint8_t *)bytes;
	size_t i, j, n;
	uint32_t code;

	for (i = 0; i < len; i += n) {
		n = decode(s + i, len - i, &code);
		if (n && (is_harmless(code) || (code && code < 0x80 && strchr(keep, (int)code)))) {
			put(text, bytes + i, n);
			continue;
		}
		n = n ? n : 1;
		for (j = 0; j < n; j++) {
			char visible[5];

			snprintf(visible, sizeof(visible), "\\x%02x", s[i + j]);
			put(text, visible, 4);
		}
	}
}

void text_add_clean(struct text *text, const char *string)
{
	if (string)
		add_clean(text, string, strlen(string), "");
}

void text_add_clean_n(struct text *text, const char *bytes, size_t len)
{
	add_clean(text, bytes, len, "");
}

void text_add_clean_lines(struct text *text, const char *bytes, size_t len)
{
	add_clean(text, bytes, len, "\n\t");
}

size_t text_columns(const struct text *text)
{
	size_t i, columns = 0;

	for (i = 0; i < text->len; i++)
		columns += ((uint8_t)text->data[i] & 0xc0) != 0x80;
	return columns;
}

void text_cut(struct text *text, size_t columns)
{
	size_t i, seen = 0, keep = columns > 2 ? columns - 2 : 0;

	if (text_columns(text) <= columns)
		return;
	for (i = 0; i < text->len; i++) {
		if (((uint8_t)text->data[i] & 0xc0) == 0x80)
			continue;
		if (seen++ == keep)
			break;
	}
	text->len = i;
	text->data[i] = '\0';
	text_add(text, columns >= 2 ? ".." : columns ? "." : "");
}

void text_pad(struct text *text, size_t columns)
{
	size_t have = text_columns(text);

	for (; have < columns; have++)
		put(text, " ", 1);
}

void text_add_count(struct text *text, unsigned long long count)
{
	char digits[24], out[40];
	int i, n = 0, len = snprintf(digits, sizeof(digits), "%llu", count);

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[n++] = ',';
		out[n++] = digits[i];
	}
	out[n] = '\0';
	text_add(text, out);
}

void text_print_lines(FILE *out, const char *prefix, const char *lines)
{
	size_t length, kept;

	for (; *lines; lines += length + (lines[length] == '\n')) {
		length = strcspn(lines, "\n");
		kept = length ? strlen(prefix) : strcspn(prefix, " ");
		fprintf(out, "%.*s%.*s\n", (int)kept, prefix, (int)length, lines);
	}
}

unsigned text_print_wrapped(FILE *out, size_t columns, const char *words)
{
	size_t used = 0, length, wide;
	unsigned lines = 1;

	while (*words) {
		/* Bytes of one character but the first do not count. */
		for (length = 0, wide = 0; words[length] && words[length] != ' '; length++)
			wide += ((unsigned char)words[length] & 0xc0) != 0x80;
		if (used && used + 1 + wide > columns) {
			fputc('\n', out);
			lines++;
			used = 0;
		}
		fprintf(out, "%s%.*s", used ? " " : "", (int)length, words);
		used += wide + (used > 0);
		words += length;
		while (*words == ' ')
			words++;
	}
	fputc('\n', out);
	return lines;
}
