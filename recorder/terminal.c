/*
 * Terminal abilities and colours, see terminal.h.
 */
#include "recorder/terminal.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MAX 1000

/* ECMA-48 select graphic rendition. */
static const char *const styles[STYLE_COUNT] = {
	[STYLE_NONE] = "\033[0m",  [STYLE_BOLD] = "\033[1m",     [STYLE_DIM] = "\033[2m",
	[STYLE_RED] = "\033[31m",  [STYLE_GREEN] = "\033[32m",   [STYLE_YELLOW] = "\033[33m",
	[STYLE_BLUE] = "\033[34m", [STYLE_MAGENTA] = "\033[35m", [STYLE_CYAN] = "\033[36m",
};

static unsigned width_of(int fd)
{
	const char *columns = getenv("COLUMNS");
	long width = columns ? strtol(columns, NULL, 10) : 0;
	struct winsize size;

	if (width <= 0 && !ioctl(fd, TIOCGWINSZ, &size))
		width = size.ws_col;
	return width > 0 && width <= WIDTH_MAX ? (unsigned)width : WIDTH_DEFAULT;
}

void terminal_init(struct terminal *terminal, FILE *stream, const char *color)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	terminal->is_terminal = isatty(fileno(stream));
	terminal->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	terminal->width = width_of(fileno(stream));
	terminal->color = terminal->is_terminal && term && strcmp(term, "dumb") &&
			  !(no_color && *no_color);
	if (!strcmp(color, "always"))
		terminal->color = true;
	else if (!strcmp(color, "never"))
		terminal->color = false;
}

const char *terminal_style(const struct terminal *terminal, enum terminal_styles style)
{
	return terminal->color ? styles[style] : "";
}
