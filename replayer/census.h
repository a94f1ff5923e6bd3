/*
 * What is in a trace, counted: events by kind, by thread and by object, in one pass. For info.
 */
#ifndef REPLAYER_CENSUS_H
#define REPLAYER_CENSUS_H

#include <stdint.h>

#include "formats/event.h"
#include "formats/trace_names.h"

struct census {
	uint64_t events; /* lines, announced ones included */
	uint64_t announced;
	uint64_t decisions;
	uint64_t notes;
	uint64_t values;             /* events with a value of a variable */
	uint64_t kinds[EVENT_COUNT]; /* done events; [EVENT_NONE]: kinds of a later version */
	uint64_t *lanes;             /* done events, by lane number */
	uint64_t *objects;           /* the same by object number */
	uint32_t lanes_end, objects_end;
};

/* `names` of the whole trace: numbers beyond them are not counted by thread and object. */
void census_init(struct census *census, const struct trace_names *names);
void census_fini(struct census *census);

/* Any line of the trace. */
void census_add(struct census *census, const struct trace_line *line);

/*
 * The `max` numbers with the highest counts, by count and then by number, those with 0 left out.
 * Returns how many were stored.
 */
uint32_t census_top(const uint64_t *counts, uint32_t end, uint32_t *top, uint32_t max);

#endif
