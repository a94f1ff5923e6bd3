/*
 * Reads a trace file, whoever wrote it: all input is taken as hostile, every size is checked and
 * memory is bounded (below 500 MB for the worst file), whatever the file expands to. Not
 * thread-safe; several readers may have the same file open.
 *
 *	r = trace_reader_open("trace.zst", &err);
 *	while ((rc = trace_reader_next(r, &line, &err)) > 0)
 *		switch (line.type) { case TRACE_LINE_EVENT: use(&line.event); ... }
 *	if (rc < 0)
 *		damaged or cut: what was read is good, err.text says why there is no more
 *	trace_reader_close(r);
 *
 * Reading on never needs the index. Counting, seeking and the outcome use the file's index; when it
 * is missing (a killed recorder) or does not fit, the frames are scanned once, which decompresses
 * the whole file (about 1 GB of lines per second) but parses next to nothing.
 * All functions may block in pread(2).
 */
#ifndef FORMATS_TRACE_READER_H
#define FORMATS_TRACE_READER_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "formats/err.h"
#include "formats/trace_lines.h"

/* Codes of struct err beside errno. Functions return them negated. */
enum trace_err {
	TRACE_ERR_NOT_ZSTD = ERR_MODULE + 256, /* not a zstd file */
	TRACE_ERR_NOT_TRACE,                   /* zstd, but without our header line */
	TRACE_ERR_TOO_NEW,                     /* another major version */
	TRACE_ERR_FEATURE,                     /* "requires" something unknown */
	TRACE_ERR_CUT,                         /* ends too early: killed, partial copy */
	TRACE_ERR_CORRUPT,                     /* checksum, zstd or JSON is wrong */
	TRACE_ERR_LIMIT, /* beyond a limit of trace_lines.h or of this reader */
};

struct trace_reader;

/*
 * Open a regular file and check its header. Returns NULL with `err` set: an errno, or any of
 * enum trace_err.
 */
struct trace_reader *trace_reader_open(const char *path, struct err *err);
void trace_reader_close(struct trace_reader *r);

/* The header line. Belongs to the reader; never NULL. */
const cJSON *trace_reader_header(const struct trace_reader *r);

/*
 * The next line, the header being the first. Returns 1 with `line` filled; 0 at the end of a
 * complete trace; or -code with `err` set, always the same from then on. The lines before
 * TRACE_ERR_CUT and TRACE_ERR_CORRUPT are good: whole frames with a right checksum, and, when the
 * file was cut inside a frame, the whole lines before the cut.
 */
int trace_reader_next(struct trace_reader *r, struct trace_line *line, struct err *err);

/*
 * From now on return only lines whose TRACE_LINE_BIT() is in `types` (TRACE_LINES_ALL at first).
 * Frames that the index shows to hold none of them are skipped unread.
 */
void trace_reader_filter(struct trace_reader *r, unsigned types);

/* Back to the header line. The filter stays. */
void trace_reader_rewind(struct trace_reader *r);

/*
 * Go to event (decision) number `n`, from 0: the next line read is that one. -ERANGE when the trace
 * has fewer. Event and decision must be in the filter.
 */
int trace_reader_seek_event(struct trace_reader *r, uint64_t n, struct err *err);
int trace_reader_seek_decision(struct trace_reader *r, uint64_t n, struct err *err);

/* Event (decision) lines in the trace, or in its readable part; -code when nothing can be read. */
int64_t trace_reader_total_events(struct trace_reader *r, struct err *err);
int64_t trace_reader_total_decisions(struct trace_reader *r, struct err *err);

/* The outcome line, which belongs to the reader; NULL with `err` set when there is none. */
const cJSON *trace_reader_outcome(struct trace_reader *r, struct err *err);

/*
 * 0 when the trace is complete: index and outcome are there and fit. Else -code with `err` set, as
 * trace_reader_next() would end. Does not decompress frames when the index fits, so it does not
 * prove that each of them is sound.
 */
int trace_reader_check(struct trace_reader *r, struct err *err);

#endif
