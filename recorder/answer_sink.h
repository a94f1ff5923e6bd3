/*
 * Writes answers as lines of a trace. With --redact the pieces of one answer are gathered first, so
 * that a pattern sees all of the bytes that came in. Part of trace_sink.h.
 */
#ifndef RECORDER_ANSWER_SINK_H
#define RECORDER_ANSWER_SINK_H

#include "formats/record.h"
#include "formats/trace_writer.h"
#include "recorder/redact.h"

struct answer_sink;

/* Never NULL. `writer` outlives it. */
struct answer_sink *answer_sink_new(struct trace_writer *writer);
void answer_sink_free(struct answer_sink *sink);

void answer_sink_redact(struct answer_sink *sink, struct redact *redact);

/* A checked record (drain.h). 0 or the writer's error. */
int answer_sink_put(struct answer_sink *sink, const struct record_answer *record);

#endif
