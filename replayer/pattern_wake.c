/*
 * A lane that came back from a wait and took it for granted that what it waited for was there:
 * woken without a signal, by its time running out, or by a signal whose cause another lane has
 * taken meanwhile.
 */
#include <errno.h>

#include "recorder/library.h"
#include "replayer/pattern_rules.h"

static bool timed_out(const struct history_event *event)
{
	return event->phase == PHASE_DONE &&
	       (event->result == ETIMEDOUT || event->result == -ETIMEDOUT);
}

static const char *how_it_went_on(const struct search *search, const struct section *section)
{
	return section->end == HISTORY_NONE && search->in_place && section->lane == search->lane
		       ? "went on and failed in the same critical section"
		       : "went on without waiting again";
}

static void show_wait(struct search *search, const struct section *section, const char *note)
{
	pattern_show(search, section->wait, "");
	pattern_show_section(search, section, note);
	pattern_show_failure(search);
}

/* Another lane took the lock between the signal and the return from the wait. */
static bool stolen(struct search *search, const struct section *section)
{
	const struct wakeup *wakeup = wakeups_of(search->wakeups, section->begin);
	const struct section *thief, *sent;

	if (!wakeup || wakeup->signal == HISTORY_NONE)
		return false;
	thief = sections_between(search->sections, section->object, section->lane, 0,
				 wakeup->signal, section->begin);
	/* The one who signalled may go round: what it adds it does not take. */
	while (thief && thief->lane == search->history->events[wakeup->signal].lane)
		thief = sections_between(search->sections, section->object, section->lane, 0,
					 wakeup->signal, thief->begin);
	if (!thief)
		return false;
	pattern_say(search, PATTERN_STOLEN_WAKEUP,
		    "%L was woken by a %g of %L on %O, but %L had %O first, at %P; %L %S.",
		    section->lane, search->history->events[wakeup->signal].lane, wakeup->object,
		    thief->lane, section->object, pattern_place(search, thief, 1), section->lane,
		    how_it_went_on(search, section));
	sent = sections_around(search->sections, wakeup->signal);
	if (sent && sent->object == section->object)
		pattern_show(search, sent->begin, "");
	pattern_show(search, wakeup->signal, "wakes the waiter");
	pattern_show_section(search, thief, "comes first");
	show_wait(search, section, "");
	return true;
}

static bool unfounded(struct search *search, const struct section *section)
{
	const struct history *history = search->history;
	const struct history_event *back = &history->events[section->begin];
	size_t signal;

	/* What the library does with its own waits is right. */
	if (history->interpreted &&
	    !library_may_time_out(library_call(history->file->names, back->context)))
		return false;
	if (timed_out(back)) {
		pattern_say(search, PATTERN_TIMEOUT,
			    "the wait of %L on %O at %P timed out, and %L %S", section->lane,
			    back->object, pattern_place_at(search, section->begin), section->lane,
			    how_it_went_on(search, section));
		signal = wakeups_signal(search->wakeups, back->object, history->events_n);
		if (signal != HISTORY_NONE && signal > section->begin)
			pattern_add(search, "; %L %G only then, at %P",
				    history->events[signal].lane, pattern_place_at(search, signal));
		pattern_add(search, ".");
		show_wait(search, section, "timed out");
		if (signal != HISTORY_NONE && signal > section->begin)
			pattern_show(search, signal, "too late");
		return true;
	}
	if (!history_choice_at(history, section->begin, DECISION_SPURIOUS))
		return false;
	pattern_say(search, PATTERN_SPURIOUS,
		    "%L came back from its wait on %O at %P without any signal, as the standard "
		    "allows, and %S.",
		    section->lane, back->object, pattern_place_at(search, section->begin),
		    how_it_went_on(search, section));
	show_wait(search, section, "woken by nobody");
	return true;
}

/*
 * The lane at fault has failed in the section in which it came back from a wait; or, when a verdict
 * over the whole run failed, any lane has come back without a signal and did not wait again.
 */
bool pattern_wake(struct search *search)
{
	const struct sections *sections = search->sections;
	const struct section *section;
	size_t i;

	if (search->in_place) {
		section = pattern_failing(search);
		return section && section->wait != HISTORY_NONE &&
		       (unfounded(search, section) || stolen(search, section));
	}
	for (i = sections->count; i-- > 0;)
		if (sections->items[i].wait != HISTORY_NONE && !sections->items[i].waits &&
		    unfounded(search, &sections->items[i]))
			return true;
	return false;
}

static bool is_timed(unsigned kind)
{
	switch (kind) {
	case EVENT_MUTEX_TIMEDLOCK:
	case EVENT_RWLOCK_TIMEDRDLOCK:
	case EVENT_RWLOCK_TIMEDWRLOCK:
	case EVENT_SEM_TIMEDWAIT:
	case EVENT_THREAD_TIMEDJOIN:
	case EVENT_FUTEX_WAIT:
		return true;
	default:
		return false;
	}
}

/* What was asked for with a time-out was never asked for again, or never got. */
static bool got_later(const struct search *search, size_t at)
{
	const struct history_event *events = search->history->events;
	size_t i = at;

	while ((i = history_after(search->history, events[at].lane, i)) != HISTORY_NONE)
		if (events[i].object == events[at].object && events[i].phase == PHASE_DONE &&
		    !events[i].result && event_table[events[i].kind].access != ACCESS_RELEASE)
			return true;
	return false;
}

bool pattern_expired(struct search *search)
{
	const struct history *history = search->history;
	const struct history_event *event;
	size_t i;

	for (i = history->events_n; i-- > 0;) {
		event = &history->events[i];
		if (!is_timed(event->kind) || !timed_out(event) ||
		    (search->in_place && event->lane != search->lane) || got_later(search, i))
			continue;
		pattern_say(search, PATTERN_TIMEOUT,
			    "%L did not get %O in time at %P, and went on without it.", event->lane,
			    event->object, pattern_place_at(search, i));
		pattern_show(search, i, "timed out");
		pattern_show_failure(search);
		return true;
	}
	return false;
}
