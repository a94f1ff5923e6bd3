/*
 * Answers into lines, see answer_sink.h.
 */
#include "recorder/answer_sink.h"

#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"

#define GATHERED_MAX (32u << 20) /* more than the runtime keeps of one answer */

struct answer_sink {
	struct trace_writer *writer;
	struct redact *redact; /* NULL: nothing is gathered */
	uint64_t *records;     /* copies of the pieces so far, one behind the other */
	size_t used, size;     /* bytes */
};

struct answer_sink *answer_sink_new(struct trace_writer *writer)
{
	struct answer_sink *sink = alloc_check(calloc(1, sizeof(*sink)));

	sink->writer = writer;
	return sink;
}

void answer_sink_free(struct answer_sink *sink)
{
	free(sink->records);
	free(sink);
}

void answer_sink_redact(struct answer_sink *sink, struct redact *redact)
{
	sink->redact = redact;
}

static int put(struct answer_sink *sink, const struct record_answer *record)
{
	const uint8_t *sent = record->bytes + record->name_length;
	struct trace_answer answer = {
		.call = record->call,
		.flags = record->flags,
		.process = record->process,
		.lane = record->lane,
		.result = record->result,
		.sent_hash = record->sent_hash,
		.name = record->bytes,
		.name_len = record->name_length,
		.sent = sent,
		.sent_len = record->sent_length,
		.got = sent + record->sent_length,
		.got_len = record->got_length,
	};

	memcpy(answer.args, record->args, record->arg_count * sizeof(answer.args[0]));
	return trace_writer_answer(sink->writer, &answer);
}

static struct record_answer *at(const struct answer_sink *sink, size_t offset)
{
	return (struct record_answer *)((char *)sink->records + offset);
}

static void gather(struct answer_sink *sink, const struct record_answer *record)
{
	size_t needed = sink->used + record->head.size;

	if (needed > sink->size) {
		sink->size = needed * 2;
		sink->records = alloc_check(realloc(sink->records, sink->size));
	}
	memcpy(at(sink, sink->used), record, record->head.size);
	sink->used = needed;
}

static uint8_t *got_of(struct record_answer *record)
{
	return record->bytes + record->name_length + record->sent_length;
}

/* All that came in, in one piece for the patterns, and back into the records. */
static void redact_got(struct answer_sink *sink)
{
	size_t total = 0, offset, done = 0;
	uint8_t *bytes;

	for (offset = 0; offset < sink->used; offset += at(sink, offset)->head.size)
		total += at(sink, offset)->got_length;
	bytes = alloc_check(malloc(total + 1));
	for (offset = 0; offset < sink->used; offset += at(sink, offset)->head.size) {
		memcpy(bytes + done, got_of(at(sink, offset)), at(sink, offset)->got_length);
		done += at(sink, offset)->got_length;
	}
	if (redact_bytes(sink->redact, bytes, total)) {
		for (offset = 0, done = 0; offset < sink->used;
		     offset += at(sink, offset)->head.size) {
			struct record_answer *record = at(sink, offset);

			memcpy(got_of(record), bytes + done, record->got_length);
			done += record->got_length;
			record->flags |= ANSWER_REDACTED;
		}
	}
	free(bytes);
}

/* What was gathered becomes lines. */
static int flush(struct answer_sink *sink)
{
	struct record_answer *record = at(sink, 0);
	size_t offset;
	int rc = 0;

	if (!sink->used)
		return 0;
	/* A hash would help to guess what was there. */
	if (redact_bytes(sink->redact, record->bytes + record->name_length, record->sent_length)) {
		record->flags |= ANSWER_REDACTED;
		record->sent_hash = 0;
	}
	if (!(record->flags & ANSWER_REFERENCE))
		redact_got(sink);
	for (offset = 0; !rc && offset < sink->used; offset += at(sink, offset)->head.size)
		rc = put(sink, at(sink, offset));
	sink->used = 0;
	return rc;
}

int answer_sink_put(struct answer_sink *sink, const struct record_answer *record)
{
	int rc = 0;

	if (!sink->redact)
		return put(sink, record);
	if (!(record->flags & ANSWER_NEXT) || sink->used > GATHERED_MAX)
		rc = flush(sink);
	gather(sink, record);
	if (!rc && !(record->flags & ANSWER_MORE))
		rc = flush(sink);
	return rc;
}
