/*
 * The outcome line of a trace: how the run ended, as story.h reads it. Not told for people here.
 *
 *	{"outcome":"deadlock","events":N,"decisions":N,	by the writer
 *	 "status":0,"boot":"..","text":"..","lane":2,"k":17,"address":"0x..","frames":[..],
 *	 "cycle":2,"edges":[..],
 *	 "switches":N,"lanes":N,"order_hash":"..","hb_hash":"..","virtual_ns":N,"seconds":0.12,
 *	 "time_limit":true,"interrupted":2,"orphans":1,"uncontrolled":1,"inexact":1,"stderr":".."}
 *
 * What does not apply is left out.
 */
#ifndef RECORDER_OUTCOME_H
#define RECORDER_OUTCOME_H

#include <cjson/cJSON.h>

#include "recorder/session.h"
#include "recorder/trace_sink.h"

/* The word for a verdict, "exit". Never NULL. */
const char *outcome_word(enum verdict_kind verdict);

/*
 * The members behind "outcome" for trace_writer_outcome(). Locations of a crash are written to the
 * trace through `sink`. The caller deletes it. Never NULL.
 */
cJSON *outcome_new(const struct session_result *result, struct trace_sink *sink);

#endif
