/*
 * Why the signal that a lane waits for does not come: it was sent too early, it woke another lane,
 * or who should have sent it has ended. Which it is shows in the last signals: whom they woke, and
 * what the lanes did in between.
 */
#include "replayer/pattern_waiter.h"

/* The section in which the signal was sent, when it was under that lock. */
static const struct section *waiter_sent(const struct search *search, size_t signal, uint32_t mutex)
{
	const struct section *section = waiter_section(search, signal);

	return section && section->object == mutex ? section : NULL;
}

static bool waiter_is_broadcast(const struct search *search, size_t at)
{
	return search->history->events[at].kind == EVENT_COND_BROADCAST;
}

/* The lane has passed a point of that place, in whatever event. */
static bool came_to(const struct search *search, uint32_t lane, uint32_t context)
{
	const struct history *history = search->history;
	size_t i;

	for (i = 0; i < history->events_n; i++)
		if (history->events[i].lane == lane && history->events[i].phase == PHASE_DONE &&
		    sections_same_place(history, history->events[i].context, context, 1))
			return true;
	return false;
}

static bool has_waited(const struct search *search, uint32_t lane, uint32_t object)
{
	size_t i;

	for (i = 0; i < search->wakeups->count; i++)
		if (search->wakeups->items[i].lane == lane &&
		    search->wakeups->items[i].object == object)
			return true;
	return false;
}

/*
 * A lane of the same code as the one that signalled has ended, and never came to the place from
 * where the other signalled, nor waited itself.
 */
bool waiter_lost_thread(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	size_t signal = wakeups_signal(search->wakeups, waiter->wait->object, history->events_n);
	const struct section *section;
	uint32_t by, lane;
	size_t place;

	if (signal == HISTORY_NONE)
		return false;
	by = waiter_lane_at(search, signal);
	section = waiter_sent(search, signal, waiter->wait->mutex);
	place = section ? section->begin : signal;
	for (lane = 1; lane < history->lanes_end; lane++) {
		if (lane == by || history->lanes[lane].end == HISTORY_NONE ||
		    !history_same_role(history, lane, by) ||
		    has_waited(search, lane, waiter->wait->object) ||
		    came_to(search, lane, history->events[place].context))
			continue;
		pattern_say(search, PATTERN_LOST_THREAD,
			    "%L ended without coming to %P, from where %L, the same code, signals "
			    "%O; %L waits for that at %P.",
			    lane, pattern_place_at(search, place), by, waiter->wait->object,
			    waiter->wait->lane, pattern_place_at(search, waiter->wait->wait));
		pattern_show(search, history->lanes[lane].end, "has not signalled");
		section = history->lanes[lane].end
				  ? sections_last(search->sections, lane, HISTORY_NONE)
				  : NULL;
		if (section)
			pattern_show_section(search, section, "");
		pattern_show(search, signal, "");
		pattern_show(search, waiter->wait->wait, "waits for ever");
		return true;
	}
	return false;
}

/* The lane went back to wait right after its last wake-up; why it came back, or NULL. */
static const struct wakeup *woken_in_vain(const struct search *search, const struct waiter *waiter)
{
	const struct wakeup *before;

	if (!waiter->section || waiter->section->wait == HISTORY_NONE || !waiter->section->waits)
		return NULL;
	before = wakeups_of(search->wakeups, waiter->section->begin);
	return before && before->signal != HISTORY_NONE && before->object == waiter->wait->object
		       ? before
		       : NULL;
}

/*
 * The section of the same lane at the same place between two events; NULL: none. Of an interpreted
 * program the innermost place: it is in the function that has the lock, whoever calls that.
 */
static const struct section *came_again(const struct search *search, const struct section *section,
					size_t from, size_t to)
{
	const struct section *again;

	while ((again = sections_between(search->sections, section->object, 0, section->lane, from,
					 to))) {
		if (sections_same_place(search->history,
					sections_context(search->sections, section),
					sections_context(search->sections, again),
					search->history->interpreted ? 1 : 2))
			return again;
		to = again->begin;
	}
	return NULL;
}

/* Who broadcast has come round again before those that were woken came back. */
bool waiter_barrier_lapped(struct search *search, const struct waiter *waiter)
{
	const struct wakeup *vain = woken_in_vain(search, waiter);
	const struct section *sent, *again;
	const struct wakeup *waits;
	uint32_t by;

	if (!vain || !waiter_is_broadcast(search, vain->signal))
		return false;
	by = waiter_lane_at(search, vain->signal);
	sent = waiter_sent(search, vain->signal, vain->mutex);
	waits = wakeups_waiting(search->wakeups, by);
	again = sent && waits && waits->object == vain->object
			? came_again(search, sent, vain->signal, vain->back)
			: NULL;
	if (!again)
		return false;
	pattern_say(
		search, PATTERN_BARRIER_LAPPED,
		"%L broadcast %O and came to %P again before %L, which that had woken, was back "
		"from its wait: %L went on waiting, and so does %L.",
		by, vain->object, pattern_place(search, again, 1), waiter->wait->lane,
		waiter->wait->lane, by);
	pattern_show(search, vain->wait, "");
	pattern_show(search, vain->signal, "wakes the other");
	pattern_show_section(search, again, "came round again");
	pattern_show(search, vain->back, "too late");
	pattern_show(search, waiter->wait->wait, "waits for ever");
	pattern_show(search, waits->wait, "waits for ever");
	return true;
}

/* The lane has gone back to wait in the section in which it came back. */
size_t waiter_went_back(const struct search *search, const struct wakeup *wakeup)
{
	const struct section *section;
	size_t i;

	if (wakeup->back == HISTORY_NONE)
		return HISTORY_NONE;
	for (i = 0; i < search->sections->count; i++) {
		section = &search->sections->items[i];
		if (section->begin == wakeup->back)
			return section->waits ? section->end : HISTORY_NONE;
	}
	return HISTORY_NONE;
}

/* A signal (not a broadcast) woke one while this one waited too. */
bool waiter_wrong_one_woken(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	const struct wakeup *woken;
	size_t signal = wakeups_signal(search->wakeups, waiter->wait->object, history->events_n);
	size_t back;
	bool alike;

	if (signal == HISTORY_NONE || signal < waiter->wait->wait ||
	    waiter_is_broadcast(search, signal))
		return false;
	woken = wakeups_by(search->wakeups, signal);
	if (!woken || woken->lane == waiter->wait->lane || woken->back == HISTORY_NONE)
		return false;
	back = waiter_went_back(search, woken);
	alike = sections_same_place(history, history->events[woken->wait].context,
				    history->events[waiter->wait->wait].context, 2);
	if (alike == (back != HISTORY_NONE))
		return false;
	if (back != HISTORY_NONE)
		pattern_say(search, PATTERN_WRONG_WAITER,
			    "%L %G %O and that woke %L, which went back to wait at %P; %L, "
			    "which waits on it at %P, was not woken.",
			    waiter_lane_at(search, signal), woken->object, woken->lane,
			    pattern_place_at(search, back), waiter->wait->lane,
			    pattern_place_at(search, waiter->wait->wait));
	else
		pattern_say(search, PATTERN_NOT_BROADCAST,
			    "%L %G %O once, and that woke %L; %L, which waits at the same "
			    "place, %P, is not woken by anybody.",
			    waiter_lane_at(search, signal), woken->object, woken->lane,
			    waiter->wait->lane, pattern_place_at(search, waiter->wait->wait));
	pattern_show(search, waiter->wait->wait, "waits for ever");
	pattern_show(search, woken->wait, "");
	pattern_show(search, signal, "wakes one of them");
	pattern_show(search, woken->back, back == HISTORY_NONE ? "goes on" : "");
	pattern_show(search, back, "was not meant");
	return true;
}

/* The lane's last read of a variable before event `to` and, unless that is none, after `from`. */
static const struct section *looked_at(const struct search *search, uint32_t lane, size_t from,
				       size_t to)
{
	size_t i;

	for (i = search->sections->count; i-- > 0;) {
		const struct section *section = &search->sections->items[i];

		if (from != HISTORY_NONE && section->begin <= from)
			break;
		/* What stays as it is, is nothing to wait for. */
		if (section->variable && section->reads && section->lane == lane &&
		    section->begin < to && history_changed(search->history, section->object))
			return section;
	}
	return NULL;
}

/*
 * The lane has looked at something before the signal, and who sent that has changed it in between.
 * NULL: not so.
 */
static const struct section *tested_before(const struct search *search, const struct waiter *waiter,
					   size_t signal)
{
	size_t wait = waiter->wait->wait;
	const struct section *change,
		*look = looked_at(search, waiter->wait->lane, HISTORY_NONE, wait);

	change = look ? sections_between(search->sections, look->object, look->lane,
					 waiter_lane_at(search, signal), look->begin, wait)
		      : NULL;
	return look && look->begin < signal && change && !change->reads ? look : NULL;
}

/*
 * Nobody else was under the lock from the signal to the wait, so nothing else can explain it. Who
 * sent it may have gone on with the same thing of an interpreter's library: an event that is set
 * and cleared, a queue that is filled again.
 */
static bool nothing_between(const struct search *search, const struct waiter *waiter, size_t signal)
{
	bool library = history_kind(search->history, waiter->wait->mutex) == OBJECT_LOCK;
	const struct section *other = NULL;
	size_t to = waiter->wait->wait;

	do {
		other = sections_between(search->sections, waiter->wait->mutex, waiter->wait->lane,
					 0, signal, to);
		to = other ? other->begin : signal;
	} while (other && library && other->lane == waiter_lane_at(search, signal));
	return !other;
}

/* The last signal came when nobody waited, and then this lane began to. */
bool waiter_signalled_too_early(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	size_t wait = waiter->wait->wait, signal = history->events_n;
	const struct section *section = waiter->section, *tested = NULL, *sent, *look;
	uint32_t by;

	/* What the lane itself signals it does not wait for. */
	do
		signal = wakeups_signal(search->wakeups, waiter->wait->object, signal);
	while (signal != HISTORY_NONE && waiter_lane_at(search, signal) == waiter->wait->lane);
	if (signal == HISTORY_NONE || signal > wait || wakeups_by(search->wakeups, signal) ||
	    !nothing_between(search, waiter, signal))
		return false;
	/* It has looked again since, and waits for something else. */
	if (looked_at(search, waiter->wait->lane, signal, wait))
		return false;
	by = waiter_lane_at(search, signal);
	look = tested_before(search, waiter, signal);
	if (look) {
		pattern_say(search, PATTERN_MISSED_SIGNAL,
			    "%L %G %O at %P between the moment when %L looked at %O at %P and the "
			    "one when it began to wait, at %P: nobody waited.",
			    by, waiter->wait->object, pattern_place_at(search, signal),
			    waiter->wait->lane, look->object, pattern_place(search, look, 1),
			    pattern_place_at(search, wait));
		pattern_show_section(search, look, "looks, does not wait yet");
		pattern_show(search, signal, "wakes nobody");
		pattern_show(search, wait, "waits for ever");
		return true;
	}
	sent = waiter_sent(search, signal, waiter->wait->mutex);
	if (section && section->begin < signal) {
		pattern_say(search, PATTERN_MISSED_SIGNAL,
			    "%L %G %O at %P, without the lock, after %L had taken the lock at "
			    "%P and before it began to wait at %P.",
			    by, waiter->wait->object, pattern_place_at(search, signal),
			    waiter->wait->lane, pattern_place(search, section, 1),
			    pattern_place_at(search, wait));
		pattern_show(search, section->begin, "");
	} else {
		tested = section ? sections_previous(search->sections, section) : NULL;
		while (tested && tested->begin > signal)
			tested = sections_previous(search->sections, tested);
		if (tested && (tested->waits || tested->end > signal ||
			       history_ordered(history, tested->begin, history->lanes[by].start)))
			tested = NULL;
		if (tested)
			pattern_say(
				search, PATTERN_MISSED_SIGNAL,
				"%L %G %O at %P between the moment when %L had the lock "
				"at %P and the one when it began to wait, at %P: nobody waited.",
				by, waiter->wait->object, pattern_place_at(search, signal),
				waiter->wait->lane, pattern_place(search, tested, 1),
				pattern_place_at(search, wait));
		else
			pattern_say(search, PATTERN_LOST_WAKEUP,
				    "%L %G %O at %P before %L came to wait at %P: nobody "
				    "waited, and no other %g comes.",
				    by, waiter->wait->object, pattern_place_at(search, signal),
				    waiter->wait->lane, pattern_place_at(search, wait));
	}
	if (tested)
		pattern_show_section(search, tested, "looks, does not wait yet");
	pattern_show(search, sent ? sent->begin : HISTORY_NONE, "");
	pattern_show(search, signal, "wakes nobody");
	pattern_show(search, wait, "waits for ever");
	return true;
}

/*
 * Another lane has come to its end without a signal, after one that signalled: the waiter has
 * looked since, and waits for more. Functions of an interpreted program do not tell who should
 * have.
 */
bool waiter_left_alone(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	size_t signal = wakeups_signal(search->wakeups, waiter->wait->object, history->events_n), i;
	uint32_t lane, lost = 0;

	if (!history->interpreted || signal == HISTORY_NONE)
		return false;
	for (lane = 2; lane < history->lanes_end; lane++) {
		if (lane == waiter->wait->lane || history->lanes[lane].end == HISTORY_NONE)
			continue;
		for (i = 0; i < history->events_n; i++)
			if (history->events[i].lane == lane &&
			    history->events[i].object == waiter->wait->object)
				break;
		if (i < history->events_n)
			continue;
		if (lost)
			return false;
		lost = lane;
	}
	if (!lost)
		return false;
	pattern_say(
		search, PATTERN_LOST_THREAD,
		"%L ended without ever coming to %O; %L, which waits on it at %P, has been %G by "
		"%L at %P alone, and waits for more.",
		lost, waiter->wait->object, waiter->wait->lane,
		pattern_place_at(search, waiter->wait->wait), waiter_lane_at(search, signal),
		pattern_place_at(search, signal));
	pattern_show(search, signal, "");
	pattern_show(search, history->lanes[lost].end, "has not come there");
	pattern_show(search, waiter->wait->wait, "waits for ever");
	return true;
}
