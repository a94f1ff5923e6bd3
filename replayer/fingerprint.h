/*
 * What makes two failures the same one: the verdict with its status or signal, and for a deadlock
 * the objects of the cycle by their stable ids. Places and threads are left out: they move with the
 * schedule.
 *
 *	"deadlock bank+0x4060 bank+0x40a0", "signal 11", "exit 1", "exit 0"
 */
#ifndef REPLAYER_FINGERPRINT_H
#define REPLAYER_FINGERPRINT_H

#include <cjson/cJSON.h>

#include "formats/trace_names.h"
#include "recorder/session.h"
#include "recorder/text.h"
#include "replayer/run_names.h"

/* From the outcome of a trace (may be NULL: "running"). */
void fingerprint_outcome(struct text *text, const cJSON *outcome, const struct trace_names *names);

/* From a run. */
void fingerprint_result(struct text *text, const struct session_result *result,
			const struct run_names *names);

#endif
