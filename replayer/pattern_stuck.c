/*
 * Nobody can run, and no lock explains it: somebody waits on a condition variable for a signal that
 * will not come. Which of the many reasons it is shows in the last signals on it: who they woke,
 * and what the lanes did in between.
 */
#include <string.h>

#include "recorder/fields.h"
#include "recorder/story.h"
#include "replayer/pattern_rules.h"

/* One lane that waits on a condition variable. */
struct waiter {
	const struct wakeup *wait;
	const struct section *section; /* in which it began to wait; NULL: unknown */
};

static const struct section *section_of(const struct search *search, size_t at)
{
	return at == HISTORY_NONE ? NULL : sections_around(search->sections, at);
}

/* The section in which the signal was sent, when it was under that lock. */
static const struct section *section_of_signal(const struct search *search, size_t signal,
					       uint32_t mutex)
{
	const struct section *section = section_of(search, signal);

	return section && section->object == mutex ? section : NULL;
}

static uint32_t lane_at(const struct search *search, size_t at)
{
	return search->history->events[at].lane;
}

static bool is_broadcast(const struct search *search, size_t at)
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

/*
 * A lane of the same code as the one that signalled has ended, and never came to the place from
 * where the other signalled.
 */
static bool lost_thread(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	size_t signal = wakeups_signal(search->wakeups, waiter->wait->object, history->events_n);
	const struct section *section;
	uint32_t by, lane;
	size_t place;

	if (signal == HISTORY_NONE)
		return false;
	by = lane_at(search, signal);
	section = section_of_signal(search, signal, waiter->wait->mutex);
	place = section ? section->begin : signal;
	for (lane = 1; lane < history->lanes_end; lane++) {
		if (lane == by || history->lanes[lane].end == HISTORY_NONE ||
		    !history_same_role(history, lane, by) ||
		    came_to(search, lane, history->events[place].context))
			continue;
		pattern_say(search, PATTERN_LOST_THREAD,
			    "%L ended without coming to %P, from where %L, the same code, signals "
			    "%O; %L waits for that at %P.",
			    lane, pattern_place_at(search, place), by, waiter->wait->object,
			    waiter->wait->lane, pattern_place_at(search, waiter->wait->wait));
		pattern_show(search, history->lanes[lane].end, "has not signalled");
		section = history->lanes[lane].end ? sections_last(search->sections, lane) : NULL;
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

/* Who broadcast has come round again before those that were woken came back. */
static bool barrier_lapped(struct search *search, const struct waiter *waiter)
{
	const struct wakeup *vain = woken_in_vain(search, waiter);
	const struct section *sent, *again;
	const struct wakeup *waits;
	uint32_t by;

	if (!vain || !is_broadcast(search, vain->signal))
		return false;
	by = lane_at(search, vain->signal);
	sent = section_of_signal(search, vain->signal, vain->mutex);
	again = sections_between(search->sections, vain->mutex, waiter->wait->lane, by,
				 vain->signal, vain->back);
	waits = wakeups_waiting(search->wakeups, by);
	if (!sent || !again || !waits || waits->object != vain->object ||
	    !sections_same_place(search->history, sections_context(search->sections, sent),
				 sections_context(search->sections, again), 2))
		return false;
	pattern_say(search, PATTERN_BARRIER_LAPPED,
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
static size_t went_back(const struct search *search, const struct wakeup *wakeup)
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
static bool wrong_one_woken(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	const struct wakeup *woken;
	size_t signal = wakeups_signal(search->wakeups, waiter->wait->object, history->events_n);
	size_t back;
	bool alike;

	if (signal == HISTORY_NONE || signal < waiter->wait->wait || is_broadcast(search, signal))
		return false;
	woken = wakeups_by(search->wakeups, signal);
	if (!woken || woken->lane == waiter->wait->lane || woken->back == HISTORY_NONE)
		return false;
	back = went_back(search, woken);
	alike = sections_same_place(history, history->events[woken->wait].context,
				    history->events[waiter->wait->wait].context, 2);
	if (alike == (back != HISTORY_NONE))
		return false;
	if (back != HISTORY_NONE)
		pattern_say(search, PATTERN_WRONG_WAITER,
			    "%L signalled %O and that woke %L, which went back to wait at %P; %L, "
			    "which waits on it at %P, was not woken.",
			    lane_at(search, signal), woken->object, woken->lane,
			    pattern_place_at(search, back), waiter->wait->lane,
			    pattern_place_at(search, waiter->wait->wait));
	else
		pattern_say(search, PATTERN_NOT_BROADCAST,
			    "%L signalled %O once, and that woke %L; %L, which waits at the same "
			    "place, %P, is not woken by anybody.",
			    lane_at(search, signal), woken->object, woken->lane,
			    waiter->wait->lane, pattern_place_at(search, waiter->wait->wait));
	pattern_show(search, waiter->wait->wait, "waits for ever");
	pattern_show(search, woken->wait, "");
	pattern_show(search, signal, "wakes one of them");
	pattern_show(search, woken->back, back == HISTORY_NONE ? "goes on" : "");
	pattern_show(search, back, "was not meant");
	return true;
}

/* Nobody else was under the lock from the signal to the wait, so nothing else can explain it. */
static bool nothing_between(const struct search *search, const struct waiter *waiter,
			    size_t signal)
{
	const struct section *other;

	other = sections_between(search->sections, waiter->wait->mutex, waiter->wait->lane, 0,
				 signal, waiter->wait->wait);
	return !other;
}

/* The last signal came when nobody waited, and then this lane began to. */
static bool signalled_too_early(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	size_t wait = waiter->wait->wait;
	size_t signal = wakeups_signal(search->wakeups, waiter->wait->object, history->events_n);
	const struct section *section = waiter->section, *tested = NULL, *sent;
	uint32_t by;

	if (signal == HISTORY_NONE || signal > wait || wakeups_by(search->wakeups, signal) ||
	    lane_at(search, signal) == waiter->wait->lane ||
	    !nothing_between(search, waiter, signal))
		return false;
	by = lane_at(search, signal);
	sent = section_of_signal(search, signal, waiter->wait->mutex);
	if (section && section->begin < signal) {
		pattern_say(search, PATTERN_MISSED_SIGNAL,
			    "%L signalled %O at %P, without the lock, after %L had taken the lock at "
			    "%P and before it began to wait at %P.",
			    by, waiter->wait->object, pattern_place_at(search, signal),
			    waiter->wait->lane, pattern_place(search, section, 1),
			    pattern_place_at(search, wait));
		pattern_show(search, section->begin, "");
	} else {
		tested = section ? sections_previous(search->sections, section) : NULL;
		if (tested && (tested->waits || tested->end > signal ||
			       history_ordered(history, tested->begin,
					       history->lanes[by].start)))
			tested = NULL;
		if (tested)
			pattern_say(search, PATTERN_MISSED_SIGNAL,
				    "%L signalled %O at %P between the moment when %L had the lock "
				    "at %P and the one when it began to wait, at %P: nobody waited.",
				    by, waiter->wait->object, pattern_place_at(search, signal),
				    waiter->wait->lane, pattern_place(search, tested, 1),
				    pattern_place_at(search, wait));
		else
			pattern_say(search, PATTERN_LOST_WAKEUP,
				    "%L signalled %O at %P before %L came to wait at %P: nobody "
				    "waited, and no other signal comes.",
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

/* Every thread of a pool waits for work that only the pool could do. */
static bool pool_starves(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	const struct wakeup *waits;
	uint32_t lane, count = 0;
	size_t i;

	for (lane = 1; lane < history->lanes_end; lane++) {
		if (!history_same_role(history, lane, waiter->wait->lane) ||
		    history->lanes[lane].end != HISTORY_NONE)
			continue;
		waits = wakeups_waiting(search->wakeups, lane);
		if (!waits || !sections_same_place(history, history->events[waits->wait].context,
						   history->events[waiter->wait->wait].context, 2))
			return false;
		count++;
	}
	for (i = history->events_n; i-- > 0;)
		if (wakeups_is_signal(&history->events[i]))
			break;
	if (i == HISTORY_NONE || wakeups_by(search->wakeups, i) ||
	    history->events[i].object == waiter->wait->object ||
	    !history_same_role(history, lane_at(search, i), waiter->wait->lane))
		return false;
	pattern_say(search, PATTERN_POOL,
		    "%L signalled %O at %P, and nobody took that up, because every thread of its "
		    "code (%N) waits at %P.",
		    lane_at(search, i), history->events[i].object, pattern_place_at(search, i),
		    (uint64_t)count, pattern_place_at(search, waiter->wait->wait));
	pattern_show(search, i, "wakes nobody");
	pattern_show(search, waiter->wait->wait, "waits for ever");
	return true;
}

/* Several lanes wait, and nobody has ever signalled: each waits for what another one would do. */
static bool mutual_wait(struct search *search, const struct waiter *waiters, unsigned count)
{
	const struct waiter *waiter = &waiters[0];
	const struct section *common = NULL, *other;
	uint32_t object = waiter->wait->object;
	unsigned i, n = 0;

	if (wakeups_signal(search->wakeups, object, search->history->events_n) != HISTORY_NONE)
		return false;
	for (i = 0; i < count; i++)
		n += waiters[i].wait->object == object;
	if (n < 2)
		return false;
	pattern_say(search, PATTERN_MUTUAL_WAIT, "");
	for (i = 0, n = 0; i < count; i++)
		if (waiters[i].wait->object == object)
			pattern_add(search, n++ ? " and %L" : "%L", waiters[i].wait->lane);
	pattern_add(search, " wait on %O at %P, and nobody is left to signal it", object,
		    pattern_place_at(search, waiter->wait->wait));
	common = waiter->section ? sections_previous(search->sections, waiter->section) : NULL;
	for (i = 1; i < count && common; i++) {
		other = waiters[i].section
				? sections_previous(search->sections, waiters[i].section)
				: NULL;
		if (!other || waiters[i].wait->object != object ||
		    !sections_same_place(search->history,
					 sections_context(search->sections, other),
					 sections_context(search->sections, common), 1) ||
		    other->begin > waiter->section->begin ||
		    common->begin > waiters[i].section->begin)
			common = NULL;
	}
	if (common)
		pattern_add(search, "; all had passed %P before one of them began to wait",
			    pattern_place(search, common, 1));
	pattern_add(search, ".");
	for (i = 0; i < count; i++) {
		if (waiters[i].wait->object != object)
			continue;
		if (common)
			pattern_show_section(
				search, sections_previous(search->sections, waiters[i].section),
				"");
		pattern_show(search, waiters[i].wait->wait, "waits for ever");
	}
	return true;
}

/* Semaphores and barriers: counts that do not add up. */
static bool count_is_off(struct search *search, const cJSON *edge)
{
	const struct history *history = search->history;
	const char *kind = fields_string(edge, "kind", "");
	uint32_t lane = fields_number(edge, "lane", 0), object = fields_number(edge, "object", 0);
	bool barrier = kind == strstr(kind, "barrier");
	uint64_t posts = 0;
	size_t i, last = HISTORY_NONE, at;

	if ((!barrier && kind != strstr(kind, "sem_")) || lane >= history->lanes_end)
		return false;
	at = history->lanes[lane].last;
	if (at == HISTORY_NONE)
		return false;
	for (i = 0; i < history->events_n; i++)
		if (history->events[i].object == object && history->events[i].phase == PHASE_DONE &&
		    history->events[i].kind == EVENT_SEM_POST) {
			posts++;
			last = i;
		}
	if (barrier)
		pattern_say(search, PATTERN_BARRIER_COUNT,
			    "%L waits at %O at %P for more threads than will come.", lane, object,
			    pattern_place_at(search, at));
	else if (!posts)
		pattern_say(search, PATTERN_NEVER_POSTED,
			    "%L waits to take from %O at %P, and nobody has ever posted it.", lane,
			    object, pattern_place_at(search, at));
	else
		pattern_say(search, PATTERN_NEVER_POSTED,
			    "%L waits to take from %O at %P; all its %N posts have been taken, and "
			    "no other comes.",
			    lane, object, pattern_place_at(search, at), posts);
	pattern_show(search, last, "the last post");
	pattern_show(search, at, "waits for ever");
	return true;
}

/* Honest, without a name: what is known of this wait. */
static void say_wait(struct search *search, const struct waiter *waiter)
{
	const struct wakeup *wait = waiter->wait;
	size_t signal =
		wakeups_signal(search->wakeups, wait->object, search->history->events_n);

	pattern_say(search, PATTERN_UNKNOWN, "Stuck: %L waits on %O at %P", wait->lane,
		    wait->object, pattern_place_at(search, wait->wait));
	if (signal == HISTORY_NONE)
		pattern_add(search, ", and nobody has ever signalled it.");
	else
		pattern_add(search, "; the last signal came from %L at %P%S.",
			    lane_at(search, signal), pattern_place_at(search, signal),
			    signal > wait->wait			   ? " and woke another"
			    : wakeups_by(search->wakeups, signal) ? " before that"
								   : " before that and woke nobody");
	pattern_show(search, signal, "");
	pattern_show(search, wait->wait, "waits for ever");
}

bool pattern_stuck(struct search *search)
{
	typedef bool rule_fn(struct search *, const struct waiter *);
	static rule_fn *const rules[] = { lost_thread, barrier_lapped, wrong_one_woken,
					  signalled_too_early, pool_starves };
	struct waiter waiters[STORY_EDGES];
	unsigned i, j, count = 0;
	const cJSON *edge;

	cJSON_ArrayForEach (edge, fields_array(search->outcome, "edges")) {
		const struct wakeup *wait =
			wakeups_waiting(search->wakeups, fields_number(edge, "lane", 0));

		if (wait && count < STORY_EDGES)
			waiters[count++] = (struct waiter){
				.wait = wait,
				.section = section_of(search, wait->wait),
			};
	}
	for (j = 0; j < sizeof(rules) / sizeof(*rules); j++)
		for (i = 0; i < count; i++)
			if (rules[j](search, &waiters[i]))
				return true;
	if (count && mutual_wait(search, waiters, count))
		return true;
	cJSON_ArrayForEach (edge, fields_array(search->outcome, "edges"))
		if (count_is_off(search, edge))
			return true;
	if (count)
		say_wait(search, &waiters[0]);
	return count > 0;
}
