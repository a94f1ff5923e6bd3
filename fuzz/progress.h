/*
 * What a search shows while it goes on: a live line on a terminal in the foreground, else a line
 * every ten seconds and one for each new failure; and the same as JSON lines for programs.
 *
 *	progress_init(&progress, &terminal, events);
 *	config.observer = progress_observer(&progress);
 *	campaign_run(...);
 *	progress_end(&progress);
 */
#ifndef FUZZ_PROGRESS_H
#define FUZZ_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "fuzz/campaign.h"
#include "recorder/terminal.h"

struct progress {
	const struct terminal *terminal; /* of stderr */
	FILE *events;                    /* JSON lines, or NULL */
	bool live, shown, verbose;
	double last; /* when something was shown */
	unsigned failures;
};

/* `events` stays the caller's. */
void progress_init(struct progress *progress, const struct terminal *terminal, FILE *events,
		   bool verbose);
struct campaign_observer progress_observer(struct progress *progress);

/* Takes the live line away. */
void progress_end(struct progress *progress);

#endif
