/*
 * The last events of each thread of a trace, collected in one pass over it. Not a history: it keeps
 * a fixed number for each thread, whatever the length of the trace.
 *
 *	tail = tail_new(5);
 *	while (trace_reader_next(r, &line, &err) > 0)
 *		if (line.type == TRACE_LINE_EVENT)
 *			tail_add(tail, &line.event, line.number);
 *	tail_print(tail, naming, stdout);
 *	tail_free(tail);
 */
#ifndef REPLAYER_TAIL_H
#define REPLAYER_TAIL_H

#include <stdint.h>
#include <stdio.h>

#include "formats/trace_lines.h"
#include "recorder/naming.h"

enum {
	TAIL_LANES = 4096, /* threads that are kept; later ones are not */
	TAIL_SHOWN = 16,   /* threads that are printed: those whose last event is the latest */
};

struct tail;

/* `keep` events for each thread, at least 1. */
struct tail *tail_new(unsigned keep);
void tail_free(struct tail *tail);

/* `number` counts from 0, as in struct trace_line. */
void tail_add(struct tail *tail, const struct trace_event *event, uint64_t number);

/* In order of lane numbers, a head for each thread. */
void tail_print(const struct tail *tail, const struct naming *naming, FILE *out);

#endif
