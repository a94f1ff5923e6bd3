/*
 * The container side of the trace writer: buffers of lines go in, zstd frames, index and seek table
 * come out in a file. Knows nothing of what the lines say. Used by trace_writer.c only.
 *
 * The first error is kept in `err`; from then on nothing is written but, at the end, an attempt to
 * close the file properly. A frame is in the file as a whole or not at all, as far as the file
 * system allows.
 */
#ifndef FORMATS_TRACE_PACK_H
#define FORMATS_TRACE_PACK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <zstd.h>

#include "formats/err.h"
#include "formats/json_out.h"
#include "formats/trace_index.h"

struct trace_pack {
	int fd;
	ZSTD_CCtx *cctx;
	char *packed;
	size_t packed_cap;
	struct trace_index index; /* of the frames in the file */
	bool index_full;          /* more frames than an index can hold: the reader will scan */
	bool torn;                /* part of a frame is in the file and cannot be taken back */
	uint64_t bytes;           /* the file up to the last whole frame */
	struct err err;
	char path[PATH_MAX];
};

/* 0 or -code with `err` set; trace_pack_fini() is allowed in both cases. */
int trace_pack_init(struct trace_pack *pack, const char *path, int level, struct err *err);
void trace_pack_fini(struct trace_pack *pack);

/* Keep `code` unless there is an earlier one; returns the negated one that is kept. */
int trace_pack_fail(struct trace_pack *pack, int code, const char *what);

/*
 * Write `lines` as a frame. `row` has the counts; its sizes are filled here. Empty lines: nothing.
 * 0 or the negated sticky error.
 */
int trace_pack_frame(struct trace_pack *pack, const struct json_out *lines,
		     struct trace_index_row *row);

/*
 * Write the last frame, which is the index lines, then `tail` (whole lines, may be empty), and the
 * seek table. Tried after an error too, when the file has room again for so little.
 */
void trace_pack_finish(struct trace_pack *pack, const struct json_out *tail);

#endif
