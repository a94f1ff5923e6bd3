/*
 * One reader over the decision lines of a trace, one decision ahead of what was handed out.
 */
#include "replayer/script.h"

#include <errno.h>
#include <stdlib.h>

#include "formats/trace_reader.h"
#include "recorder/alloc.h"

struct script {
	struct trace_reader *reader;
	struct plan_decision ahead;
	bool has_ahead;
	uint64_t served;
	struct err err;
};

static void look_ahead(struct script *script)
{
	struct trace_line line;
	int rc = trace_reader_next(script->reader, &line, &script->err);

	script->has_ahead = false;
	if (rc <= 0)
		return;
	if (line.decision.kind >= DECISION_COUNT) {
		err_set(&script->err, EPROTO,
			"decision %llu is of a kind that this version does not know: \"%.*s\"",
			(unsigned long long)line.number + 1, (int)line.decision.name_len,
			line.decision.name);
		return;
	}
	script->ahead = (struct plan_decision){
		.kind = line.decision.kind,
		.lane = line.decision.lane,
		.k = line.decision.k,
		.choice = line.decision.to,
	};
	script->has_ahead = true;
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
	look_ahead(script);
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

	for (n = 0; n < max && script->has_ahead; n++) {
		out[n] = script->ahead;
		look_ahead(script);
	}
	script->served += n;
	*more = script->has_ahead;
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
