/*
 * The bug pattern behind a failing run, found in the events of its trace alone: a name, one
 * sentence about this run, and the events that show it. Every sentence is derived from events;
 * where they do not say enough the pattern is PATTERN_UNKNOWN, with a sentence that says what is
 * known. Prints nothing (replayer/story_events.h does).
 *
 *	pattern_find(&pattern, history);
 *	if (pattern.name != PATTERN_NONE)
 *		puts(pattern.sentence);		"Lost update: T2 and T3 both ..."
 *	for (i = 0; i < pattern.beats_n; i++)
 *		show(&pattern.beats[i]);
 *
 * What stands for an access to shared data is a critical section (replayer/sections.h).
 */
#ifndef REPLAYER_PATTERN_H
#define REPLAYER_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/text.h"
#include "replayer/history.h"

enum pattern_name {
	PATTERN_NONE, /* no failure */
#define PATTERN(symbol, name) PATTERN_##symbol,
#include "replayer/pattern.def"
#undef PATTERN
	PATTERN_COUNT
};

enum { PATTERN_BEATS = 32, PATTERN_NOTE = 96 };

/* One thing to show, at event `begin`. */
struct beat {
	size_t begin, end; /* first and last event: a section; the same: one event */
	uint32_t lane;
	uint32_t under;          /* the object of a section, 0: one event */
	unsigned depth;          /* its place is so many frames of user code up */
	bool open;               /* the section was not left */
	bool fails;              /* here the run failed */
	char note[PATTERN_NOTE]; /* what it means, "" for nothing */
};

struct pattern {
	enum pattern_name name;
	char sentence[1024];
	struct beat beats[PATTERN_BEATS]; /* in the order of events */
	unsigned beats_n;
};

/* Never fails: a run that ended well has PATTERN_NONE. */
void pattern_find(struct pattern *pattern, const struct history *history);

/* "lost update": for summaries and names of files; "" for PATTERN_NONE. */
const char *pattern_word(enum pattern_name name);

#endif
