/*
 * The container side of the trace reader: a file of zstd frames as a stream of lines, frame by
 * frame. Knows nothing of what the lines say. Used by trace_reader.c and trace_map.c only.
 *
 * Bounds: the file may expand to anything; kept in memory are at most TRACE_LINE_MAX bytes of lines
 * and zstd's window of at most 8 MB. A frame that expands to no more than TRACE_LINE_MAX is decoded
 * to its end, checksum included, before its first line is given out.
 */
#ifndef FORMATS_TRACE_INPUT_H
#define FORMATS_TRACE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zstd.h>

#include "formats/err.h"

struct trace_input {
	int fd;        /* not owned */
	uint64_t size; /* of the file when it was opened */
	ZSTD_DCtx *dctx;
	/* packed bytes */
	unsigned char *in;
	size_t in_pos, in_len;
	uint64_t in_end; /* offset in the file behind in[in_len] */
	/* lines */
	char *data;
	size_t cap, len;
	size_t pos;     /* first byte not given out */
	size_t scanned; /* no newline between pos and here */
	/* the frame */
	bool in_frame;         /* begun and not ended */
	uint64_t frame_offset; /* where it begins */
	uint64_t frames;  /* begun since open or seek; a change tells that a line is in a new one */
	struct err ahead; /* what comes when the lines in `data` are used up; code 0: nothing */
};

/* 0 or -ENOMEM; trace_input_fini() is allowed in both cases. */
int trace_input_init(struct trace_input *input, int fd, uint64_t size);
void trace_input_fini(struct trace_input *input);

/* Go on at the frame that begins at `offset`. */
void trace_input_seek(struct trace_input *input, uint64_t offset);

/*
 * The next line, without its newline; valid until the next call. 1; or 0 at the end of the file,
 * behind a whole frame; or -code with `err` set: TRACE_ERR_CUT, TRACE_ERR_CORRUPT, TRACE_ERR_LIMIT,
 * or an errno of pread(2). After an error every call returns the same.
 */
int trace_input_line(struct trace_input *input, const char **line, size_t *len, struct err *err);

/* True when lines of the current frame are left: the next line is not in a new frame. */
bool trace_input_more(const struct trace_input *input);

/* Where in the file reading goes on: behind the current frame once its lines are used up. */
uint64_t trace_input_offset(const struct trace_input *input);

#endif
