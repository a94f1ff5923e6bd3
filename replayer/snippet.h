/*
 * The source lines of an event or a critical section, where the trace has them or the source is at
 * hand: below the directory of the recording, this one, or one above the program. Not proof of
 * anything: the file may be another one than that which was compiled.
 */
#ifndef REPLAYER_SNIPPET_H
#define REPLAYER_SNIPPET_H

#include <stdbool.h>

#include "replayer/history.h"
#include "replayer/sections.h"

enum { SNIPPET_LINES = 2, SNIPPET_WIDTH = 200, SNIPPET_LONGEST = 12 };

struct snippet {
	unsigned first, last; /* line numbers, `last` is 0 for one line */
	char lines[SNIPPET_LINES][SNIPPET_WIDTH];
	unsigned lines_n; /* 0: the source is not there */
};

/*
 * What a location is about. With an `end` in the same function, a few lines below: the lines
 * between the two, as those of a lock and its unlock say nothing.
 */
void snippet_find(struct snippet *snippet, const struct history *history, uint32_t location,
		  uint32_t end);

/*
 * Line `line` of the file of a location, 0: the location's own, into a buffer of SNIPPET_WIDTH: as
 * the trace has it, else as it is on disk. False: it is not there.
 */
bool snippet_line(const struct history *history, const struct trace_location *location,
		  unsigned line, char *buffer);

/* The source says that the section changes something in place: a += b. */
bool snippet_updates_in_place(const struct history *history, const struct section *section);

/* The source has a condition between the two sections, which are in one function. */
bool snippet_decides(const struct history *history, const struct section *first,
		     const struct section *second);

/* The source says that the section sets something that is not declared there. */
bool snippet_assigns(const struct history *history, const struct section *section);

#endif
