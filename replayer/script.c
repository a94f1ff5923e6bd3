/*
 * One reader over the decision lines of a trace, and a queue of those that were read and not handed
 * out yet: at least one as long as the script goes on.
 */
#include "replayer/script.h"

#include <errno.h>
#include <stdlib.h>

#include "formats/trace_reader.h"
#include "recorder/alloc.h"

enum {
	QUEUE = 65536,  /* a power of two; what a session asks for at once */
	PORTION = 2048, /* about a millisecond */
};

struct script {
	struct trace_reader *reader;
	struct plan_decision queue[QUEUE];
	uint64_t read, served; /* decisions; the queue holds those between */
	bool ended;
	struct err err;
};

static void read_one(struct script *script)
{
	struct trace_line line;
	int rc = trace_reader_next(script->reader, &line, &script->err);

	if (rc <= 0) {
		script->ended = true;
	} else if (line.decision.kind >= DECISION_COUNT) {
		err_set(&script->err, EPROTO,
			"decision %llu is of a kind that this version does not know: \"%.*s\"",
			(unsigned long long)line.number + 1, (int)line.decision.name_len,
			line.decision.name);
		script->ended = true;
	} else {
		script->queue[script->read++ % QUEUE] = (struct plan_decision){
			.kind = line.decision.kind,
			.lane = line.decision.lane,
			.k = line.decision.k,
			.choice = line.decision.to,
		};
	}
}

void script_prefetch(struct script *script)
{
	unsigned i;

	for (i = 0; i < PORTION && !script->ended && script->read - script->served < QUEUE; i++)
		read_one(script);
}

struct script *script_open(const char *path, struct err *err)
{
	struct trace_reader *reader = trace_reader_open(path, err);
	struct script *script;

	if (!reader)
		return NULL;
	script = alloc_check(calloc(1, sizeof(*script)));
	script->reader = reader;
	trace_reader_filter(reader, TRACE_LINE_BIT(TRACE_LINE_DECISION));
	read_one(script);
	return script;
}

void script_close(struct script *script)
{
	if (!script)
		return;
	trace_reader_close(script->reader);
	free(script);
}

uint32_t script_next(void *self, struct plan_decision *out, uint32_t max, bool *more)
{
	struct script *script = self;
	uint32_t n;

	for (n = 0; n < max && script->served < script->read; n++) {
		out[n] = script->queue[script->served++ % QUEUE];
		if (script->served == script->read && !script->ended)
			read_one(script);
	}
	*more = script->served < script->read;
	return n;
}

uint64_t script_served(const struct script *script)
{
	return script->served;
}

const struct err *script_error(const struct script *script)
{
	return &script->err;
}
