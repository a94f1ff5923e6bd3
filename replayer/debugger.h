/*
 * gdb on a paused target: where in a trace to stop, starting gdb, giving its threads our names. gdb
 * works on the target as on any process; the run goes on beside it, so a `continue` in gdb
 * continues the replay.
 *
 *	debugger_find_stop(file, wanted, &stop, &err);		before the run
 *	debugger = debugger_attach(&config, session, &err);	in the hook for MAILBOX_PAUSED
 *	debugger_wait(debugger);				after the run, till gdb is left
 */
#ifndef REPLAYER_DEBUGGER_H
#define REPLAYER_DEBUGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "formats/plan.h"
#include "recorder/naming.h"
#include "recorder/session.h"
#include "replayer/trace_file.h"

/* A place to stop: before the operation (plan.lane, plan.k), which is event `number` (from 1). */
struct debugger_stop {
	struct plan_stop plan;
	uint64_t number;
	char place[1024]; /* "T2 "alice" wants to lock savings.lock at deposit (bank.c:17)" */
};

/*
 * The last scheduling point not behind event `wanted` (from 1), or of the whole trace for
 * UINT64_MAX; the first one when there is none before. Reads the events, and leaves the reader's
 * filter at them. -ERANGE with `err` when the trace has no such event or no point.
 */
int debugger_find_stop(struct trace_file *file, uint64_t wanted, struct debugger_stop *stop,
		       struct err *err);

struct debugger_config {
	const char **commands; /* what gdb does in a row, then leaves; none: it is the user's */
	unsigned count;
	bool go_on; /* continue at once: to the crash that is known to come */
	const struct naming *naming;
	uint32_t lane; /* thread to begin with */
};

struct debugger;

/*
 * Starts gdb and returns when it has attached, so that the caller may let the target go on: it
 * moves when gdb lets it. NULL with `err` set when there is no gdb, or it may not attach (the
 * sentence has the remedy).
 */
struct debugger *debugger_attach(const struct debugger_config *config, struct session *session,
				 struct err *err);

/* Until gdb has ended. Gives the terminal back, frees. NULL is allowed. */
void debugger_wait(struct debugger *debugger);

#endif
