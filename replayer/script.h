/*
 * The decisions of a trace as the script of a replay: read in order, handed out in parts, so that
 * memory does not grow with the trace. It does not decide and does not check: that is the runtime
 * and verify.h.
 *
 *	script = script_open("trace.zst", &err);
 *	hooks.self = script;
 *	hooks.decisions = script_next;		struct session_hooks
 *	...
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

/* Opens the trace for itself. NULL with `err` set, codes as of formats/trace_reader.h. */
struct script *script_open(const char *path, struct err *err);
void script_close(struct script *script);

/*
 * Stores the next decisions, at most `max`, and says in `*more` whether others follow. At a damaged
 * place the script ends. `script` is a struct script; the shape is that of session_hooks.decisions.
 * Blocks in pread(2).
 */
uint32_t script_next(void *script, struct plan_decision *out, uint32_t max, bool *more);

/*
 * Reads on a little, so that script_next() has it at hand: while it is called the target stands
 * still. To be called again and again; does nothing when enough is there.
 */
void script_prefetch(struct script *script);

/* Handed out so far. */
uint64_t script_served(const struct script *script);

/* Why the script ended before the trace's end; code 0: it did not. */
const struct err *script_error(const struct script *script);

#endif
