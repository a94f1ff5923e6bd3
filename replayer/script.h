/*
 * The trace of a replay, read once: its decisions in order as the script that is handed out in
 * parts, its events in order to compare with (verify.h). Memory does not grow with the trace. It
 * does not decide and does not compare.
 *
 *	script = script_open("trace.zst", &err);
 *	hooks.self = script;
 *	hooks.decisions = script_next;		struct session_hooks
 *	while ((rc = script_event(script, &event, &err)) > 0)
 *		...
 *	if (script_error(script)->code)
 *		the trace is damaged: the script ended there
 *	script_close(script);
 */
#ifndef REPLAYER_SCRIPT_H
#define REPLAYER_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "formats/plan.h"

struct script;
struct trace_line;

/* Of a recorded event what a replay compares; numbers are those of the trace. */
struct script_event {
	uint8_t kind; /* enum event_kind; EVENT_NONE: of a later version */
	uint8_t phase;
	uint16_t process;
	uint32_t lane;
	uint64_t k;
	uint32_t object;
	uint32_t object2;
	int64_t result;
};

/* Opens the trace for itself. NULL with `err` set, codes as of formats/trace_reader.h. */
struct script *script_open(const char *path, struct err *err);
void script_close(struct script *script);

/*
 * Stores the next decisions, at most `max`, those that are at hand, and says in `*more` whether
 * others follow. At a damaged place the script ends. `script` is a struct script; the shape is that
 * of session_hooks.decisions. Blocks in pread(2).
 */
uint32_t script_next(void *script, struct plan_decision *out, uint32_t max, bool *more);

/*
 * The next event. Returns 1; 0 at the end of a complete trace; or -code with `err` set, always the
 * same from then on. Blocks in pread(2).
 */
int script_event(struct script *script, struct script_event *event, struct err *err);

/*
 * Event number `n`, from 0, with all that the trace says of it: looked up again, which takes a
 * moment. `line` is valid until the next call of this function or the end of the script. False when
 * it cannot be read any more.
 */
bool script_event_line(struct script *script, uint64_t n, struct trace_line *line);

/*
 * Reads on a little, so that script_next() has it at hand: while it is called the target stands
 * still. To be called again and again; does nothing when enough is there.
 */
void script_prefetch(struct script *script);

/* Decisions handed out so far. */
uint64_t script_served(const struct script *script);

/* Why the script ended before the trace's end; code 0: it did not. */
const struct err *script_error(const struct script *script);

#endif
