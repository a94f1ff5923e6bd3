/*
 * Semaphores and locks that are not used as a pair: a post without a wait, and a lock that was only
 * tried for.
 */
#include <errno.h>
#include <stdlib.h>

#include "recorder/alloc.h"
#include "replayer/pattern_rules.h"

enum { SEMAPHORES = 100 }; /* that are looked at: each takes a pass over the events */

static bool takes(const struct history_event *event)
{
	return event->phase == PHASE_DONE && !event->result &&
	       (event->kind == EVENT_SEM_WAIT || event->kind == EVENT_SEM_TRYWAIT ||
		event->kind == EVENT_SEM_TIMEDWAIT);
}

/* The lane also takes from the semaphore, or is about to: as a lock, not to hand on work. */
static bool also_takes(const struct search *search, uint32_t lane, uint32_t object)
{
	const struct history_event *event;
	size_t i;

	for (i = 0; i < search->history->events_n; i++) {
		event = &search->history->events[i];
		if (event->lane == lane && event->object == object && !event->result &&
		    (event->kind == EVENT_SEM_WAIT || event->kind == EVENT_SEM_TRYWAIT ||
		     event->kind == EVENT_SEM_TIMEDWAIT))
			return true;
	}
	return false;
}

struct inside {
	int *held; /* by lane: taken and not posted */
	int count; /* lanes inside */
	int most;  /* before the extra post */
	size_t post;
};

/* One operation on the semaphore; true when more are inside than ever before the extra post. */
static bool follow(const struct search *search, struct inside *inside, size_t at)
{
	const struct history_event *event = &search->history->events[at];
	int *held = &inside->held[event->lane];

	if (takes(event)) {
		inside->count += !(*held)++;
		if (inside->post != HISTORY_NONE && inside->count > 1 &&
		    inside->count > inside->most)
			return true;
		if (inside->post == HISTORY_NONE && inside->count > inside->most)
			inside->most = inside->count;
	} else if (event->kind == EVENT_SEM_POST && event->phase == PHASE_DONE) {
		if (*held)
			inside->count -= !--*held;
		else if (inside->post == HISTORY_NONE &&
			 also_takes(search, event->lane, event->object))
			inside->post = at;
	}
	return false;
}

static bool extra_post_on(struct search *search, uint32_t object)
{
	const struct history *history = search->history;
	struct inside inside = { .post = HISTORY_NONE };
	uint32_t other, lane;
	size_t i;

	inside.held = alloc_check(calloc(history->lanes_end + 1, sizeof(*inside.held)));
	for (i = 0; i < history->events_n; i++)
		if (history->events[i].object == object && follow(search, &inside, i))
			break;
	if (i == history->events_n) {
		free(inside.held);
		return false;
	}
	lane = history->events[i].lane;
	for (other = 0; other < history->lanes_end; other++)
		if (inside.held[other] && other != lane)
			break;
	free(inside.held);
	pattern_say(search, PATTERN_EXTRA_POST,
		    "%L posted %O at %P without having taken from it; later %L and %L had both "
		    "taken from it and not posted, the second at %P.",
		    history->events[inside.post].lane, object,
		    pattern_place_at(search, inside.post), other, lane,
		    pattern_place_at(search, i));
	pattern_show(search, inside.post, "one too many");
	pattern_show(search, i, "both are inside");
	while (i-- > 0)
		if (history->events[i].lane == other && history->events[i].object == object &&
		    takes(&history->events[i]))
			break;
	pattern_show(search, i, "");
	pattern_show_failure(search);
	return true;
}

bool pattern_extra_post(struct search *search)
{
	const struct trace_names *names = search->history->file->names;
	const struct history *history = search->history;
	bool *seen = alloc_check(calloc(trace_names_objects_end(names) + 1, sizeof(*seen)));
	bool found = false;
	unsigned looked = 0;
	size_t i;

	for (i = 0; i < history->events_n && !found && looked < SEMAPHORES; i++) {
		const struct history_event *event = &history->events[i];

		if (event->kind != EVENT_SEM_POST ||
		    event->object >= trace_names_objects_end(names) || seen[event->object])
			continue;
		seen[event->object] = true;
		looked++;
		found = extra_post_on(search, event->object);
	}
	free(seen);
	return found;
}

static bool is_try(unsigned kind)
{
	return kind == EVENT_MUTEX_TRYLOCK || kind == EVENT_SPIN_TRYLOCK ||
	       kind == EVENT_RWLOCK_TRYRDLOCK || kind == EVENT_RWLOCK_TRYWRLOCK ||
	       kind == EVENT_SEM_TRYWAIT;
}

static bool is_busy(const struct history_event *event)
{
	return event->phase == PHASE_DONE &&
	       (event->result == EBUSY || event->result == -EAGAIN || event->result == EAGAIN);
}

/* Taken after all, in whatever way. */
static bool taken_later(const struct search *search, size_t at)
{
	const struct history_event *events = search->history->events;
	size_t i = at;

	while ((i = history_after(search->history, events[at].lane, i)) != HISTORY_NONE)
		if (events[i].object == events[at].object && events[i].phase == PHASE_DONE &&
		    !events[i].result &&
		    (event_table[events[i].kind].access == ACCESS_ACQUIRE ||
		     event_table[events[i].kind].access == ACCESS_READ))
			return true;
	return false;
}

/*
 * The lane has it itself: then it only asks whether somebody does, as CPython's Condition does
 * before it notifies.
 */
static bool has_it(const struct search *search, size_t at)
{
	const struct history_event *events = search->history->events;
	size_t i = at;

	while ((i = history_before(search->history, events[at].lane, i)) != HISTORY_NONE) {
		if (events[i].object != events[at].object || events[i].phase != PHASE_DONE ||
		    events[i].result)
			continue;
		return event_table[events[i].kind].access == ACCESS_ACQUIRE;
	}
	return false;
}

/* Who has the object of event `at` at that moment; NULL: unknown. */
static const struct section *holder(const struct search *search, size_t at)
{
	const struct history_event *event = &search->history->events[at];
	const struct section *section;
	size_t i;

	for (i = search->sections->count; i-- > 0;) {
		section = &search->sections->items[i];
		if (section->object == event->object && section->lane != event->lane &&
		    section->begin < at && section->end > at)
			return section;
	}
	return NULL;
}

bool pattern_trylock(struct search *search)
{
	const struct history *history = search->history;
	const struct history_event *event;
	const struct section *had;
	size_t i;

	for (i = history->events_n; i-- > 0;) {
		event = &history->events[i];
		if (!is_try(event->kind) || !is_busy(event) || taken_later(search, i) ||
		    has_it(search, i))
			continue;
		/* Nobody has it: that is no lock, but a way to ask for something. */
		had = holder(search, i);
		if (!had)
			continue;
		pattern_say(search, PATTERN_TRYLOCK,
			    "%L only tried for %O at %P, which %L had since %P, and went on "
			    "without it.",
			    event->lane, event->object, pattern_place_at(search, i), had->lane,
			    pattern_place(search, had, 1));
		pattern_show_section(search, had, "");
		pattern_show(search, i, "goes on without it");
		pattern_show_failure(search);
		return true;
	}
	return false;
}
