/*
 * The course of a run as its source code tells it: which steps each thread took, and in which
 * order. A step is an operation at a place of the program's own code, called by what stays the same
 * when another minor version of the interpreter runs it: thread, kind of operation, function, text
 * of the line, variable, the library's function if one did it on the program's behalf, and how
 * often that was. Steps of two runs with the same name are the same step. What the interpreter or a
 * library does for itself is no step. Not a judge: retrace.h compares.
 *
 *	course = course_of(&file, &err);		of a trace, as long as that is open
 *	i = course_find(course, other->steps[n].name);
 *	course_free(course);
 *
 * Memory grows with the trace: about 60 bytes for each event.
 */
#ifndef REPLAYER_COURSE_H
#define REPLAYER_COURSE_H

#include <stdbool.h>
#include <stdint.h>

#include "replayer/trace_file.h"

#define COURSE_NONE UINT32_MAX  /* no step */
#define COURSE_NEVER UINT64_MAX /* `done` of an operation that the run did not come to do */

struct course_step {
	uint64_t name;
	uint64_t k;
	uint64_t done; /* number of its event, from 0 */
	uint32_t lane; /* number in its trace, as are the following */
	uint32_t context, object;
	uint32_t visit; /* which of those that are alike, from 1 */
	uint16_t kind;  /* enum event_kind */
	bool own;       /* not by a library */
};

struct course {
	struct course_step *steps; /* by lane, then as the lane came to them */
	uint32_t count;
	uint32_t *done; /* steps that were done, in that order */
	uint32_t done_count;
	uint32_t *named; /* steps by name */
};

/* NULL with `err` set where the trace cannot be read to its end. Reads all of it and rewinds it. */
struct course *course_of(const struct trace_file *file, struct err *err);
void course_free(struct course *course);

/* The step of this name, or COURSE_NONE. */
uint32_t course_find(const struct course *course, uint64_t name);

/* The step that the operation (lane, k) is, or COURSE_NONE. */
uint32_t course_at(const struct course *course, uint32_t lane, uint64_t k);

/* The first step of the lane, and the end of its steps; the same when it has none. */
uint32_t course_begin(const struct course *course, uint32_t lane);
uint32_t course_end(const struct course *course, uint32_t lane);

#endif
