/*
 * What replay says about its runs: for people on stderr, for programs as one JSON object. Decides
 * nothing.
 */
#ifndef REPLAYER_REPLAY_TEXT_H
#define REPLAYER_REPLAY_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "recorder/text.h"
#include "replayer/replay.h"

/* "exit status 0", "deadlock", "signal 11 (SIGSEGV)", "killed after the time limit". */
void replay_text_ending(struct text *text, const struct session_result *result);

/* One line for a run that agreed, a few for one that did not. `total`: events of the trace. */
void replay_text_print(const struct replay_config *config, const struct replay_report *report,
		       uint64_t total, FILE *out);

/* What happened, without the last words on standard error. malloc'ed. */
char *replay_text_story(const struct trace_file *file, bool verbose);

/* "frontrun: 10 of 10 replays identical" */
void replay_text_count(uint64_t same, uint64_t runs, FILE *out);

struct replay_totals {
	uint64_t runs, same;
	uint64_t events; /* of the trace */
	int exit_status;
};

/* `report` of the last run. */
void replay_text_json(const struct replay_config *config, const struct replay_report *report,
		      const struct replay_totals *totals, FILE *out);

/* The run took the recorded course to its end. */
bool replay_is_identical(const struct replay_report *report);

#endif
