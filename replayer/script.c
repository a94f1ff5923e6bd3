/*
 * One reader over the events and decisions of a trace, and two queues of what was read and not
 * handed out yet: of decisions there is at least one as long as the script goes on.
 *
 * The next decision may be farther away than the queue of events reaches, and events may be wanted
 * when the queue of decisions is full: then a second reader fetches decisions from where they are,
 * by their numbers, and the first one leaves them out. In such a trace decisions are rare, so that
 * little is read twice.
 */
#include "replayer/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/trace_reader.h"
#include "recorder/alloc.h"

enum {
	DECISIONS = 65536, /* both are powers of two */
	EVENTS = 262144,   /* more than the ring holds: so far the target can be ahead */
	PORTION = 16384,   /* lines: about a millisecond */
};

struct script {
	char *path;
	struct trace_reader *reader;
	uint64_t total; /* decisions in the trace, or in its readable part */
	struct plan_decision decisions[DECISIONS];
	uint64_t read, served; /* decisions; the queue holds those between */
	uint64_t passed;       /* decisions that `reader` went by */
	bool ended;            /* there are no more decisions than were read */
	struct err err;        /* why there are not */
	struct script_event events[EVENTS];
	uint64_t events_read, events_served;
	int last; /* what `reader` said last; above 0: there may be more */
	struct err event_err;
	struct trace_reader *far;   /* of decisions; NULL until it is needed */
	uint64_t far_next;          /* the decision that it reads next */
	struct trace_reader *again; /* of an event that is told */
};

static void end(struct script *script, const struct err *err)
{
	script->ended = true;
	if (err)
		script->err = *err;
}

static void push_decision(struct script *script, const struct trace_line *line)
{
	struct err err;

	if (line->decision.kind >= DECISION_COUNT) {
		err_set(&err, EPROTO,
			"decision %llu is of a kind that this version does not know: \"%.*s\"",
			(unsigned long long)line->number + 1, (int)line->decision.name_len,
			line->decision.name);
		end(script, &err);
		return;
	}
	script->decisions[script->read++ % DECISIONS] = (struct plan_decision){
		.kind = line->decision.kind,
		.lane = line->decision.lane,
		.k = line->decision.k,
		.choice = line->decision.to,
	};
}

static bool has_room(const struct script *script)
{
	return script->read - script->served < DECISIONS;
}

static void push_event(struct script *script, const struct trace_event *event)
{
	uint32_t process = event->process;

	script->events[script->events_read++ % EVENTS] = (struct script_event){
		.kind = (uint8_t)event->kind,
		.phase = event->phase,
		.process = process < UINT16_MAX ? (uint16_t)process : UINT16_MAX,
		.lane = event->lane,
		.k = event->k,
		.object = event->object,
		.object2 = event->object2,
		.result = event->result,
	};
}

/* One line into its queue. Requires room for an event. */
static void read_line(struct script *script)
{
	struct trace_line line;

	script->last = trace_reader_next(script->reader, &line, &script->event_err);
	if (script->last <= 0)
		return;
	if (line.type == TRACE_LINE_EVENT) {
		push_event(script, &line.event);
		return;
	}
	script->passed++;
	if (line.number == script->read && has_room(script) && !script->ended)
		push_decision(script, &line);
}

static bool can_read(const struct script *script)
{
	return script->last > 0 && script->events_read - script->events_served < EVENTS;
}

/* One decision from wherever it is. */
static void read_far(struct script *script)
{
	struct trace_line line;
	struct err err;
	int rc = 0;

	if (!script->far) {
		script->far = trace_reader_open(script->path, &err);
		if (!script->far) {
			end(script, &err);
			return;
		}
		trace_reader_filter(script->far, TRACE_LINE_BIT(TRACE_LINE_DECISION));
		script->far_next = UINT64_MAX;
	}
	if (script->far_next != script->read)
		rc = trace_reader_seek_decision(script->far, script->read, &err);
	if (rc == 0)
		rc = trace_reader_next(script->far, &line, &err);
	script->far_next = script->read + 1;
	if (rc > 0)
		push_decision(script, &line);
	else
		end(script, rc ? &err : NULL);
}

/* The next decision into the queue, if there is one. */
static void read_decision(struct script *script)
{
	uint64_t read = script->read;

	while (script->read == read && !script->ended) {
		if (script->read >= script->total) {
			script->ended = true;
			trace_reader_check(script->reader, &script->err);
		} else if (script->passed > script->read ||
			   (script->last > 0 && !can_read(script))) {
			read_far(script);
		} else if (script->last > 0) {
			read_line(script);
		} else { /* damaged: nothing behind it is believed */
			end(script, script->last ? &script->event_err : NULL);
		}
	}
}

void script_prefetch(struct script *script)
{
	unsigned i;

	for (i = 0; i < PORTION && has_room(script); i++) {
		if (script->passed > script->read && !script->ended)
			read_far(script);
		else if (can_read(script))
			read_line(script);
		else
			break;
	}
}

struct script *script_open(const char *path, struct err *err)
{
	struct trace_reader *reader = trace_reader_open(path, err);
	struct script *script;
	int64_t total;

	if (!reader)
		return NULL;
	script = alloc_check(calloc(1, sizeof(*script)));
	script->path = alloc_check(strdup(path));
	script->reader = reader;
	script->last = 1;
	total = trace_reader_total_decisions(reader, err);
	if (total < 0) {
		script_close(script);
		return NULL;
	}
	script->total = (uint64_t)total;
	trace_reader_filter(reader,
			    TRACE_LINE_BIT(TRACE_LINE_EVENT) | TRACE_LINE_BIT(TRACE_LINE_DECISION));
	script_prefetch(script);
	read_decision(script);
	return script;
}

void script_close(struct script *script)
{
	if (!script)
		return;
	trace_reader_close(script->reader);
	trace_reader_close(script->far);
	trace_reader_close(script->again);
	free(script->path);
	free(script);
}

uint32_t script_next(void *self, struct plan_decision *out, uint32_t max, bool *more)
{
	struct script *script = self;
	uint32_t n;

	for (n = 0; n < max && script->served < script->read; n++)
		out[n] = script->decisions[script->served++ % DECISIONS];
	if (script->served == script->read)
		read_decision(script);
	*more = script->served < script->read;
	return n;
}

int script_event(struct script *script, struct script_event *event, struct err *err)
{
	while (script->events_served == script->events_read && script->last > 0)
		read_line(script);
	if (script->events_served < script->events_read) {
		*event = script->events[script->events_served++ % EVENTS];
		return 1;
	}
	if (script->last < 0 && err)
		*err = script->event_err;
	return script->last;
}

bool script_event_line(struct script *script, uint64_t n, struct trace_line *line)
{
	trace_reader_close(script->again);
	script->again = trace_reader_open(script->path, NULL);
	if (!script->again)
		return false;
	trace_reader_filter(script->again, TRACE_LINE_BIT(TRACE_LINE_EVENT));
	return trace_reader_seek_event(script->again, n, NULL) == 0 &&
	       trace_reader_next(script->again, line, NULL) > 0;
}

uint64_t script_served(const struct script *script)
{
	return script->served;
}

const struct err *script_error(const struct script *script)
{
	return &script->err;
}
