/*
 * The story of a failure, from the trace alone: the sentence that names the pattern, the events
 * that matter with their source lines, threads side by side, and the failure itself. Bounded, about
 * STORY_EVENTS_LINES lines. Not the whole interleaving (replayer/swimlane.h), nor who waits for
 * what (recorder/story.h).
 *
 *	story_events_tell(stdout, &file, 80, &pattern);
 *	story_events_tell(stdout, &file, terminal.width, NULL);
 */
#ifndef REPLAYER_STORY_EVENTS_H
#define REPLAYER_STORY_EVENTS_H

#include <stdio.h>

#include "replayer/pattern.h"
#include "replayer/trace_file.h"

enum {
	STORY_EVENTS_LINES = 40,
	STORY_EVENTS_COLUMNS = 4,    /* threads side by side; more: a prefix on each line */
	STORY_EVENTS_NARROWEST = 60, /* columns; below: prefixes */
	STORY_EVENTS_WIDEST = 120,
};

/*
 * Reads the trace (twice) and prints its story; nothing for a run that did not fail, or where
 * nothing can be said. `columns` is what a line may have, 0: 80. `pattern`, when not NULL, is
 * filled in. Of the outcome it reads, beside what recorder/story.h says, `finding` (all optional):
 *   schedule, of, seconds           found at which schedule, of how many, after how long
 *   confirmed, runs                 replays that failed in the same way, of so many
 *   preemptions                     that are left; decisions, decisions_before: minimised from
 *   gil                             of a Python program: "on", it can happen as things are; "off",
 *                                   only without a global lock
 *   pair                            {"first": {"lane","k"}, "second": {..}}: this run fails because
 *                                   `second` came before `first`
 * Returns 1 when something was printed, 0 when not; -code when the trace is damaged, after having
 * told what there is, with `err` (may be NULL) set.
 */
int story_events_tell(FILE *out, const struct trace_file *file, unsigned columns,
		      struct pattern *pattern, struct err *err);

#endif
