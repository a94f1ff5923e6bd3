/*
 * The names of a trace: module, location, context, lane and object lines collected by number. Not
 * a symboliser: what the recorder wrote is what there is.
 *
 *	names = trace_names_new();
 *	rc = trace_names_load(names, reader, &err);	all of them, before anything is shown
 *	...
 *	lane = trace_names_lane(names, line.event.lane);
 *
 * A later line with the same number replaces the earlier one; for lanes and objects, keys that it
 * leaves out keep their old value. Malformed lines are TRACE_ERR_CORRUPT. Memory is bounded by
 * TRACE_NAMES_MEMORY; a trace that needs more is TRACE_ERR_LIMIT.
 */
#ifndef FORMATS_TRACE_NAMES_H
#define FORMATS_TRACE_NAMES_H

#include <stdint.h>

#include "formats/err.h"
#include "formats/trace_lines.h"
#include "formats/trace_reader.h"

#define TRACE_NAMES_MEMORY ((size_t)512 << 20)

struct trace_names;

struct trace_names *trace_names_new(void);
void trace_names_free(struct trace_names *names);

/* Take in `line` if it is of one of the five types; other types do nothing. 0 or -code. */
int trace_names_add(struct trace_names *names, const struct trace_line *line, struct err *err);

/*
 * Read all names of the trace through the index and rewind the reader, its filter set to
 * TRACE_LINES_ALL. Returns 0; or -code, where after TRACE_ERR_CUT and TRACE_ERR_CORRUPT of the file
 * the names up to there are in.
 */
int trace_names_load(struct trace_names *names, struct trace_reader *r, struct err *err);

/*
 * By number; NULL when there is none. Valid until the next add, load or free. Strings that the
 * format makes optional may be NULL; the mandatory ones (module path, lane and object id) never
 * are.
 */
const struct trace_module *trace_names_module(const struct trace_names *names, uint32_t number);
const struct trace_location *trace_names_location(const struct trace_names *names, uint32_t number);
const struct trace_context *trace_names_context(const struct trace_names *names, uint32_t number);
const struct trace_lane *trace_names_lane(const struct trace_names *names, uint32_t number);
const struct trace_object *trace_names_object(const struct trace_names *names, uint32_t number);

/* One more than the highest number seen, 0 when there is none: for loops over all. */
uint32_t trace_names_modules_end(const struct trace_names *names);
uint32_t trace_names_locations_end(const struct trace_names *names);
uint32_t trace_names_contexts_end(const struct trace_names *names);
uint32_t trace_names_lanes_end(const struct trace_names *names);
uint32_t trace_names_objects_end(const struct trace_names *names);

/*
 * The frame of the program's own code that `depth` others of it are inside of (0: the innermost),
 * as an index of the context's frames; UINT32_MAX: there is none. Where interpreted code of the
 * program has called a library without lines, that is no code of the program.
 */
uint32_t trace_names_user_frame(const struct trace_names *names, uint32_t context, unsigned depth);

/*
 * Innermost location of a context that is the program's own code; else the innermost of a library
 * that is interpreted; else the innermost; else NULL.
 */
const struct trace_location *trace_names_user_location(const struct trace_names *names,
						       uint32_t context);

#endif
