/*
 * The sink that writes a trace: turns the records of a run into trace lines, with names. Modules,
 * locations, contexts, lanes and objects are symbolised and written once, when they are announced.
 * It does not write header and outcome (header.h, outcome.h), but gives the numbers that the
 * outcome names.
 *
 *	struct trace_sink *sink = trace_sink_new(writer);
 *	session_run(session, &trace_sink_table, sink, &result, &err);
 *	location = trace_sink_address(sink, result.failure.frames[0]);
 *	trace_sink_free(sink);
 *
 * Errors of the writer come back through the drain.
 */
#ifndef RECORDER_TRACE_SINK_H
#define RECORDER_TRACE_SINK_H

#include <stdint.h>

#include "formats/trace_writer.h"
#include "recorder/drain.h"
#include "recorder/pack.h"
#include "recorder/redact.h"

struct trace_sink;

/* The members for session_run(), with a struct trace_sink as `self`. */
extern const struct drain_sink trace_sink_table;

/* `writer` has its header already, and outlives the sink. Never NULL. */
struct trace_sink *trace_sink_new(struct trace_writer *writer);
void trace_sink_free(struct trace_sink *sink);

/*
 * Number of the location at an absolute address of the target, written if it is new: `flags` as of
 * symbols_lookup(). 0 when the writer fails.
 */
uint32_t trace_sink_address(struct trace_sink *sink, uint64_t address, unsigned flags);

/* What `redact` says is overwritten in all that comes after this. It outlives the sink. */
void trace_sink_redact(struct trace_sink *sink, struct redact *redact);

/* `pack` gets the paths of modules and of files by reference that come after this. */
void trace_sink_pack(struct trace_sink *sink, struct pack *pack);

/* `note` hears of each note of the runtime as well; `kind` is the word in the trace. */
void trace_sink_listen(struct trace_sink *sink,
		       void (*note)(void *self, const char *kind, const char *text), void *self);

/* What came by so far. */
struct trace_sink_counts {
	uint64_t lanes;        /* all of them */
	uint64_t uncontrolled; /* notes of that kind */
	uint64_t inexact, live;
};
const struct trace_sink_counts *trace_sink_counts(const struct trace_sink *sink);

#endif
