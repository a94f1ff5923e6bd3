/*
 * Writes a trace file: JSON lines in independent zstd frames, with the seek table of the zstd
 * seekable format 0.1.0 at the end (contrib/seekable_format in the zstd sources). Not thread-safe,
 * and no judge of content: what the recorder says is written.
 *
 *	w = trace_writer_open("trace.zst", 0, &err);
 *	trace_writer_header(w, fields);
 *	trace_writer_lane(w, &lane);
 *	trace_writer_event(w, &event);			... millions of them
 *	trace_writer_flush(w);				... at least once a second
 *	trace_writer_outcome(w, "exit", fields);
 *	rc = trace_writer_close(w, &err);
 *
 * A name must be interned (module, location, context, lane, object) before a line uses its number.
 *
 * The file is written in place from the start: when this process is killed, everything up to the
 * last flush, or the last full frame, can be read. An error of the file system is remembered: every
 * later call returns it, the file is cut back to its last whole frame and stays readable, and
 * trace_writer_close() returns it again. So a caller may look at close alone. All functions return
 * 0 or a negative errno; all may block in write(2), which is called once for each frame.
 */
#ifndef FORMATS_TRACE_WRITER_H
#define FORMATS_TRACE_WRITER_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "formats/err.h"
#include "formats/trace_lines.h"

struct trace_writer;

/*
 * Create or truncate `path` (mode 0644). `level` is zstd's, 1 to 19; 0 is the default for live
 * recording. Returns NULL with `err` set.
 */
struct trace_writer *trace_writer_open(const char *path, int level, struct err *err);

/*
 * The first line, in a frame of its own, at once in the file. The writer puts "frontrun", "format"
 * and "requires" itself; `fields` (an object, may be NULL) are the members that follow.
 */
int trace_writer_header(struct trace_writer *w, const cJSON *fields);

int trace_writer_module(struct trace_writer *w, const struct trace_module *module);
int trace_writer_location(struct trace_writer *w, const struct trace_location *location);
int trace_writer_context(struct trace_writer *w, const struct trace_context *context);
int trace_writer_lane(struct trace_writer *w, const struct trace_lane *lane);
int trace_writer_object(struct trace_writer *w, const struct trace_object *object);
int trace_writer_event(struct trace_writer *w, const struct trace_event *event);
int trace_writer_decision(struct trace_writer *w, const struct trace_decision *decision);

int trace_writer_answer(struct trace_writer *w, const struct trace_answer *answer);

/* A remark for people; `kind` is a word for programs ("uncontrolled", "watchdog", ...). */
int trace_writer_note(struct trace_writer *w, const char *kind, const char *text);

/*
 * Any other line: an object whose first key is its type. -EINVAL for a type that has a function of
 * its own here, -E2BIG for a line beyond the limits of trace_lines.h.
 */
int trace_writer_line(struct trace_writer *w, const cJSON *line);

/* End the frame and hand it to the kernel. Cheap when nothing is waiting. */
int trace_writer_flush(struct trace_writer *w);

/*
 * The last line: "outcome" (a word: exit, signal, deadlock, stuck, ...), the number of events and
 * decisions written, then the members of `fields` (status, order_hash, hb_hash, ...; may be NULL).
 * Only close may follow.
 */
int trace_writer_outcome(struct trace_writer *w, const char *outcome, const cJSON *fields);

/* So far: done and announced event lines, decision lines, bytes in the file. */
uint64_t trace_writer_events(const struct trace_writer *w);
uint64_t trace_writer_decisions(const struct trace_writer *w);
uint64_t trace_writer_bytes(const struct trace_writer *w);

/*
 * Write what is waiting, the index and the seek table, close the file, free `w` (NULL is allowed).
 * Returns 0, or the first error of the writer's life with `err` set. Without an outcome the file is
 * complete as a container, and its reader says that the recording did not finish.
 */
int trace_writer_close(struct trace_writer *w, struct err *err);

#endif
