/*
 * Counting what is in a trace.
 */
#include "replayer/census.h"

#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/naming.h"

void census_init(struct census *census, const struct trace_names *names)
{
	memset(census, 0, sizeof(*census));
	census->lanes_end = trace_names_lanes_end(names);
	census->objects_end = trace_names_objects_end(names);
	census->lanes = alloc_check(calloc(census->lanes_end + 1, sizeof(uint64_t)));
	census->objects = alloc_check(calloc(census->objects_end + 1, sizeof(uint64_t)));
}

void census_fini(struct census *census)
{
	free(census->lanes);
	free(census->objects);
	memset(census, 0, sizeof(*census));
}

void census_add(struct census *census, const struct trace_line *line)
{
	const struct trace_event *event = &line->event;

	census->decisions += line->type == TRACE_LINE_DECISION;
	census->notes += line->type == TRACE_LINE_NOTE;
	if (line->type != TRACE_LINE_EVENT)
		return;
	census->events++;
	census->values += naming_has_value(event->kind) &&
			  (event->text || event->value.type != TRACE_VALUE_NONE);
	if (event->phase != PHASE_DONE) {
		census->announced++;
		return;
	}
	census->kinds[event->kind < EVENT_COUNT ? event->kind : EVENT_NONE]++;
	if (event->lane < census->lanes_end)
		census->lanes[event->lane]++;
	if (event->object && event->object < census->objects_end)
		census->objects[event->object]++;
}

uint32_t census_top(const uint64_t *counts, uint32_t end, uint32_t *top, uint32_t max)
{
	uint32_t i, at, count = 0;

	for (i = 0; i < end; i++) {
		if (!counts[i] || (count == max && counts[i] <= counts[top[max - 1]]))
			continue;
		at = count < max ? count++ : max - 1;
		for (; at > 0 && counts[i] > counts[top[at - 1]]; at--)
			top[at] = top[at - 1];
		top[at] = i;
	}
	return count;
}
