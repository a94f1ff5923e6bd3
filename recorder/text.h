/*
 * A line of text for people, put together in a buffer of the caller. Not a string library: no
 * allocation, and what does not fit is cut (at a whole character).
 *
 *	char space[256];
 *	struct text line;
 *
 *	text_init(&line, space, sizeof(space));
 *	text_addf(&line, "T%u ", lane);
 *	text_add_clean(&line, name);	name comes from the target or from a file of a stranger
 *	fputs(line.data, stdout);
 *
 * The buffer is NUL-terminated at any time.
 */
#ifndef RECORDER_TEXT_H
#define RECORDER_TEXT_H

#include <stddef.h>
#include <stdio.h>

struct text {
	char *data;
	size_t size; /* of the buffer, at least 1 */
	size_t len;  /* bytes used, without the NUL */
};

void text_init(struct text *text, char *buffer, size_t size);

/* Forget what is there, keep the buffer. */
void text_reset(struct text *text);

/* Our own words, as they are. */
void text_add(struct text *text, const char *words);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A string that is not ours, with what could drive a terminal made visible: control characters
 * (also C1), characters that reorder text (U+202A-202E, U+2066-2069, Unicode TR 36) and bytes that
 * are not UTF-8 become \xNN. NULL adds nothing.
 */
void text_add_clean(struct text *text, const char *string);
void text_add_clean_n(struct text *text, const char *bytes, size_t len);

/* The same, but \n and \t stay: output of the target. */
void text_add_clean_lines(struct text *text, const char *bytes, size_t len);

/* Characters (UTF-8 sequences) in the text, taken as one column each. */
size_t text_columns(const struct text *text);

/* Cut to at most `columns` characters; what was cut ends in "..". */
void text_cut(struct text *text, size_t columns);

/* Add blanks up to `columns` characters. */
void text_pad(struct text *text, size_t columns);

/* Number with thousands separators, "12,345". */
void text_add_count(struct text *text, unsigned long long count);

/* Each line of `lines` with `prefix` in front, without blanks at the end. */
void text_print_lines(FILE *out, const char *prefix, const char *lines);

/*
 * Words in lines of at most `columns` columns (a longer word has one of its own). Returns how many
 * lines.
 */
unsigned text_print_wrapped(FILE *out, size_t columns, const char *words);

#endif
