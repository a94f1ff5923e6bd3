/*
 * A trace as swimlanes in text: one column for each thread, or a prefix on each line when there are
 * more than SWIMLANE_COLUMNS threads or the terminal is narrow. Takes the lines of a trace one by
 * one and prints at once, so a trace of any length starts without delay. It reads no file.
 *
 *	swimlane = swimlane_new(naming, stdout, &options);
 *	while (trace_reader_next(r, &line, &err) > 0)
 *		swimlane_add(swimlane, &line);
 *	swimlane_free(swimlane);
 */
#ifndef REPLAYER_SWIMLANE_H
#define REPLAYER_SWIMLANE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "formats/trace_lines.h"
#include "recorder/naming.h"

enum {
	SWIMLANE_COLUMNS = 4,    /* threads side by side */
	SWIMLANE_NARROWEST = 60, /* columns of a terminal; below: prefixes */
	SWIMLANE_WIDEST = 240,
};

struct swimlane_options {
	unsigned width;       /* columns to use; 0: unknown, prefixes and lines of any length */
	bool io;              /* answers of the outside, with `all` also those to the runtime */
	bool all;             /* also clock readings, random numbers and every decision */
	uint32_t lane;        /* only this one, 0: all */
	const bool *kinds;    /* EVENT_COUNT flags, NULL: all kinds */
	const bool *objects;  /* flags by object number, NULL: all */
	uint32_t objects_end; /* of `objects` */
	uint64_t events;      /* how many the trace has, for the width of the number; 0: unknown */
};

struct swimlane;

/*
 * Prints the heads of the columns. `naming`, `out` and what `options` points to must outlive the
 * result. Never NULL: out of memory ends the process.
 */
struct swimlane *swimlane_new(const struct naming *naming, FILE *out,
			      const struct swimlane_options *options);

/* Events, decisions, notes and answers; other lines are ignored. Write errors stay in `out`. */
void swimlane_add(struct swimlane *swimlane, const struct trace_line *line);

/* Event lines printed so far. */
uint64_t swimlane_printed(const struct swimlane *swimlane);

/* Prints what is left, then frees. */
void swimlane_free(struct swimlane *swimlane);

#endif
