/*
 * What a trace file knows about its frames: where each begins, and what lines it holds. On disk
 * that is two things: the seek table of the zstd seekable format 0.1.0, which any reader of that
 * format understands, and index lines before it,
 *	{"index":0,"frames":[[lines,events,decisions,types],...]}
 * one array for each frame from number "index" on. `types` has bit t set for a line of type t (enum
 * trace_line_type, whose order is therefore fixed). The last frame, which holds the index lines and
 * the outcome and neither events nor decisions, is not described.
 *
 * All that is read is checked against the file's size and against each other, and refused as a
 * whole when anything does not fit: then the reader scans the frames instead.
 */
#ifndef FORMATS_TRACE_INDEX_H
#define FORMATS_TRACE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "formats/err.h"
#include "formats/json_out.h"

enum {
	TRACE_INDEX_ROWS_MAX = 1 << 20, /* 256 GB of lines in frames of the usual size */
	TRACE_INDEX_ROWS_IN_LINE = 4096,
};

struct trace_index_row {
	uint64_t offset;         /* of the frame in the file; computed */
	uint64_t first_event;    /* number of its first event ... */
	uint64_t first_decision; /* ... and decision in the trace; computed */
	uint64_t lines;
	uint64_t events;
	uint64_t decisions;
	uint32_t packed;   /* bytes in the file */
	uint32_t unpacked; /* bytes of lines */
	uint32_t checksum; /* low half of XXH64 of the lines */
	uint32_t types;    /* TRACE_LINE_BIT() of the types in it */
};

struct trace_index {
	struct trace_index_row *rows;
	uint32_t n;
	uint32_t cap;
};

void trace_index_init(struct trace_index *index);
void trace_index_fini(struct trace_index *index);

/* Forget the rows, keep the memory. */
void trace_index_reset(struct trace_index *index);

/*
 * Add a row behind the last one; its computed fields follow from that one. 0, -ENOMEM, or -E2BIG
 * beyond TRACE_INDEX_ROWS_MAX.
 */
int trace_index_add(struct trace_index *index, const struct trace_index_row *row);

/* Sums over all rows. */
uint64_t trace_index_events(const struct trace_index *index);
uint64_t trace_index_decisions(const struct trace_index *index);

/* The row whose frame begins at `offset`; NULL when there is none. */
const struct trace_index_row *trace_index_find_offset(const struct trace_index *index,
						      uint64_t offset);

/* The row with event (decision) `n`; NULL when there is none. */
const struct trace_index_row *trace_index_find_event(const struct trace_index *index, uint64_t n);
const struct trace_index_row *trace_index_find_decision(const struct trace_index *index,
							uint64_t n);

/* The index lines for all rows. */
void trace_index_put_lines(const struct trace_index *index, struct json_out *out);

/* The seek table: a whole skippable frame. Binary, in a json_out for its buffer. */
void trace_index_put_seek_table(const struct trace_index *index, struct json_out *out);

/*
 * Read the seek table at the end of the file of `size` bytes. Rows get offset and sizes; counts are
 * 0 until trace_index_take_line(). 1: done. 0: there is none, or it does not fit the file; `index`
 * is empty. Or a negative errno of pread(2) or -ENOMEM.
 */
int trace_index_read_seek_table(struct trace_index *index, int fd, uint64_t size);

/*
 * Take in an index line. `covered` counts the rows described so far, which is where the line must
 * go on. False: the line does not fit, the index is of no use.
 */
bool trace_index_take_line(struct trace_index *index, const cJSON *line, uint32_t *covered);

#endif
