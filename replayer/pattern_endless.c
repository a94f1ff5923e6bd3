/*
 * Runs that did not end: lanes that go on and come no further. What a lane does over and over shows
 * in the places of its last operations.
 */
#include <errno.h>
#include <stdlib.h>

#include "recorder/alloc.h"
#include "replayer/pattern_rules.h"

enum { TAIL = 2000, LEAST = 20 };

/* The last operations of a lane. */
struct rounds {
	uint64_t operations, failed;
	size_t last_failed; /* HISTORY_NONE: none */
};

static bool is_failure(const struct history_event *event)
{
	return event->result == EBUSY || event->result == EAGAIN || event->result == ETIMEDOUT ||
	       event->result == -EBUSY || event->result == -EAGAIN || event->result == -ETIMEDOUT;
}

static struct rounds *count_rounds(const struct search *search, size_t from)
{
	const struct history *history = search->history;
	struct rounds *rounds = alloc_check(calloc(history->lanes_end + 1, sizeof(*rounds)));
	size_t i;

	for (i = 0; i <= history->lanes_end; i++)
		rounds[i].last_failed = HISTORY_NONE;
	for (i = from; i < history->events_n; i++) {
		const struct history_event *event = &history->events[i];

		if (event->phase != PHASE_DONE)
			continue;
		rounds[event->lane].operations++;
		if (!is_failure(event))
			continue;
		rounds[event->lane].failed++;
		rounds[event->lane].last_failed = i;
	}
	return rounds;
}

/* Several lanes try, fail and try again. */
static bool livelock(struct search *search, const struct rounds *rounds)
{
	const struct history *history = search->history;
	uint32_t lane, lanes[2];
	unsigned n = 0;
	size_t at;

	for (lane = 1; lane < history->lanes_end; lane++) {
		if (rounds[lane].failed < LEAST)
			continue;
		if (n < 2)
			lanes[n] = lane;
		n++;
	}
	if (n < 2)
		return false;
	pattern_say(search, PATTERN_LIVELOCK, "%L and %L", lanes[0], lanes[1]);
	if (n > 2)
		pattern_add(search, " and %N more", (uint64_t)(n - 2));
	at = rounds[lanes[0]].last_failed;
	pattern_add(search,
		    " go on without getting further: %L failed to get %O at %P %N times in "
		    "its last %N operations",
		    lanes[0], history->events[at].object, pattern_place_at(search, at),
		    rounds[lanes[0]].failed, rounds[lanes[0]].operations);
	at = rounds[lanes[1]].last_failed;
	pattern_add(search, ", %L %O at %P %N times in %N.", lanes[1], history->events[at].object,
		    pattern_place_at(search, at), rounds[lanes[1]].failed,
		    rounds[lanes[1]].operations);
	for (n = 0; n < 2; n++) {
		const struct section *had;

		at = rounds[lanes[n]].last_failed;
		had = sections_between(search->sections, history->events[at].object, lanes[n], 0, 0,
				       at);
		if (had)
			pattern_show_section(search, had, "");
		pattern_show(search, at, "again and again");
	}
	return true;
}

/* Several lanes come back from a wait and go back to it, each woken by another. */
static bool passes_on(struct search *search, size_t from)
{
	const struct history *history = search->history;
	const struct sections *sections = search->sections;
	uint64_t *vain = alloc_check(calloc(history->lanes_end + 1, sizeof(*vain)));
	const struct section *last[2];
	uint64_t times[2];
	unsigned n = 0;
	uint32_t lane;
	size_t i;

	for (i = sections->count; i-- > 0 && sections->items[i].begin > from;)
		vain[sections->items[i].lane] += sections->items[i].waits &&
						 sections->items[i].wait != HISTORY_NONE;
	for (lane = 1; lane < history->lanes_end && n < 2; lane++) {
		if (vain[lane] < LEAST)
			continue;
		for (i = sections->count; i-- > 0;)
			if (sections->items[i].lane == lane && sections->items[i].waits &&
			    sections->items[i].wait != HISTORY_NONE)
				break;
		times[n] = vain[lane];
		last[n++] = &sections->items[i];
	}
	free(vain);
	if (n < 2)
		return false;
	pattern_say(
		search, PATTERN_LIVELOCK,
		"%L and %L go on without getting further: %L came back from its wait on %O at %P "
		"and waited again %N times in the last %N operations, %L %N times.",
		last[0]->lane, last[1]->lane, last[0]->lane, history->events[last[0]->begin].object,
		pattern_place(search, last[0], 1), times[0], (uint64_t)(history->events_n - from),
		last[1]->lane, times[1]);
	for (n = 0; n < 2; n++) {
		pattern_show_section(search, last[n], "and waits again");
		i = wakeups_signal(search->wakeups, history->events[last[n]->begin].object,
				   last[n]->begin);
		if (i != HISTORY_NONE && i >= from)
			pattern_show(search, i, "wakes the other");
	}
	return true;
}

/* One lane has nearly all operations, others could go on and do not. */
static bool starvation(struct search *search, const struct rounds *rounds)
{
	const struct history *history = search->history;
	uint32_t lane, most = 0, waits = 0;
	const struct history_event *event;

	for (lane = 1; lane < history->lanes_end; lane++)
		if (!most || rounds[lane].operations > rounds[most].operations)
			most = lane;
	for (lane = 1; lane < history->lanes_end; lane++)
		if (lane != most && history->lanes[lane].last != HISTORY_NONE &&
		    history->lanes[lane].end == HISTORY_NONE && !rounds[lane].operations &&
		    history->events[history->lanes[lane].last].phase == PHASE_ANNOUNCED)
			waits = lane;
	if (!most || !waits || rounds[most].operations < LEAST)
		return false;
	event = &history->events[history->lanes[waits].last];
	if (naming_object_lane(history->file->naming, event->object))
		return false;
	pattern_say(search, PATTERN_STARVATION,
		    "%L stands at %P and did not come to go on in the last %N operations, which %L "
		    "took.",
		    waits, pattern_place_at(search, history->lanes[waits].last),
		    rounds[most].operations, most);
	pattern_show(search, history->lanes[waits].last, "waits all the time");
	pattern_show(search, history->lanes[most].last, "goes on and on");
	return true;
}

bool pattern_endless(struct search *search)
{
	size_t from = search->history->events_n > TAIL ? search->history->events_n - TAIL : 0;
	struct rounds *rounds = count_rounds(search, from);
	bool found = livelock(search, rounds) || passes_on(search, from) ||
		     starvation(search, rounds);

	free(rounds);
	return found;
}
