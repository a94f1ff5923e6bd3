/*
 * What the terminal at the other end of a stream can do, and colours for it. Text of the target is
 * made harmless by text_add_clean() (text.h); nothing here looks at it.
 *
 *	struct terminal t;
 *
 *	terminal_init(&t, stdout, options_string(&options, OPTION_COLOR, "auto"));
 *	printf("%sfailed%s\n", terminal_style(&t, STYLE_RED), terminal_style(&t, STYLE_NONE));
 */
#ifndef RECORDER_TERMINAL_H
#define RECORDER_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

enum terminal_styles {
	STYLE_NONE, /* ends every other */
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_RED,
	STYLE_GREEN,
	STYLE_YELLOW,
	STYLE_BLUE,
	STYLE_MAGENTA,
	STYLE_CYAN,
	STYLE_COUNT
};

struct terminal {
	bool is_terminal;
	bool color;
	bool utf8;      /* the locale is a UTF-8 one: box drawing may be used */
	unsigned width; /* columns; COLUMNS, what the terminal says, or 80 */
};

/*
 * `color` is auto, always or never. auto: a terminal that is not dumb, and NO_COLOR is empty or
 * unset (no-color.org). Requires setlocale(3), which command_main() does.
 */
void terminal_init(struct terminal *terminal, FILE *stream, const char *color);

/* The escape sequence, or "" without colours. */
const char *terminal_style(const struct terminal *terminal, enum terminal_styles style);

#endif
