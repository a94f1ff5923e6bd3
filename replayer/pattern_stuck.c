/*
 * Nobody can run, and no lock explains it: somebody waits for what will not come. Asks the rules
 * about signals (pattern_signal.c) of each lane that waits on a condition variable, then looks at
 * all of them together, and at semaphores and barriers.
 */
#include <string.h>

#include "recorder/fields.h"
#include "recorder/library.h"
#include "recorder/story.h"
#include "replayer/pattern_waiter.h"

const struct section *waiter_section(const struct search *search, size_t at)
{
	return at == HISTORY_NONE ? NULL : sections_around(search->sections, at);
}

uint32_t waiter_lane_at(const struct search *search, size_t at)
{
	return search->history->events[at].lane;
}

/* All living threads of the lane's code wait at the same place; how many. 0: not so. */
static uint32_t all_wait(const struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	const struct wakeup *waits;
	uint32_t lane, count = 0;

	for (lane = 1; lane < history->lanes_end; lane++) {
		if (!history_same_role(history, lane, waiter->wait->lane) ||
		    history->lanes[lane].end != HISTORY_NONE ||
		    history->lanes[lane].start == HISTORY_NONE)
			continue;
		waits = wakeups_waiting(search->wakeups, lane);
		if (!waits || !sections_same_place(history, history->events[waits->wait].context,
						   history->events[waiter->wait->wait].context, 2))
			return 0;
		count++;
	}
	return count;
}

/* Whom the signal woke went back to wait, if it woke anybody. */
static bool taken_up_by_none(const struct search *search, size_t signal)
{
	size_t i;

	for (i = 0; i < search->wakeups->count; i++)
		if (search->wakeups->items[i].signal == signal &&
		    waiter_went_back(search, &search->wakeups->items[i]) == HISTORY_NONE)
			return false;
	return true;
}

/*
 * Every thread of a pool waits for work that only the pool could do: the last signal came from one
 * of them, which itself waits since, and nobody took it up.
 */
static bool pool_starves(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	uint32_t count = all_wait(search, waiter);
	const struct section *sent, *waits;
	size_t i;

	if (!count)
		return false;
	for (i = history->events_n; i-- > 0;)
		if (wakeups_is_signal(&history->events[i]))
			break;
	if (i == HISTORY_NONE || !taken_up_by_none(search, i) ||
	    !history_same_role(history, waiter_lane_at(search, i), waiter->wait->lane) ||
	    !wakeups_waiting(search->wakeups, waiter_lane_at(search, i)))
		return false;
	/* Asked for and waited for: in one go, or on another condition variable. */
	sent = waiter_section(search, i);
	waits = sent ? waiter_section(
			       search,
			       wakeups_waiting(search->wakeups, waiter_lane_at(search, i))->wait)
		     : NULL;
	if (history->events[i].object == waiter->wait->object && sent != waits)
		return false;
	pattern_say(search, PATTERN_POOL,
		    "%L %G %O at %P and waits at %P; nobody takes that up, as every thread "
		    "of its code (%N) waits there.",
		    waiter_lane_at(search, i), history->events[i].object,
		    pattern_place_at(search, i), pattern_place_at(search, waiter->wait->wait),
		    (uint64_t)count);
	pattern_show(search, i, "asks for work");
	pattern_show(search, waiter->wait->wait, "waits for ever");
	pattern_show(search, wakeups_waiting(search->wakeups, waiter_lane_at(search, i))->wait,
		     "waits for ever");
	return true;
}

/*
 * The section that each of the waiters on one object was in before, all at the same place, and all
 * before the first of them began to wait: the last of these; NULL: there is no such place.
 */
static const struct section *passed_before(const struct search *search,
					   const struct waiter *waiters, unsigned count,
					   uint32_t object)
{
	const struct section *last = NULL, *passed;
	size_t first_wait = HISTORY_NONE;
	unsigned i;

	for (i = 0; i < count; i++) {
		if (waiters[i].wait->object != object)
			continue;
		passed = waiters[i].section
				 ? sections_previous(search->sections, waiters[i].section)
				 : NULL;
		if (!passed ||
		    (last && !sections_same_place(search->history,
						  sections_context(search->sections, passed),
						  sections_context(search->sections, last), 1)))
			return NULL;
		if (!last || passed->begin > last->begin)
			last = passed;
		if (waiters[i].wait->wait < first_wait)
			first_wait = waiters[i].wait->wait;
	}
	return last && last->begin < first_wait ? last : NULL;
}

/*
 * Several lanes wait, and nobody has signalled since: each waits for what another one would do.
 */
static bool mutual_wait(struct search *search, const struct waiter *waiters, unsigned count)
{
	uint32_t object = waiters[0].wait->object;
	size_t signal = wakeups_signal(search->wakeups, object, search->history->events_n);
	const struct section *common = passed_before(search, waiters, count, object);
	unsigned i, n = 0;
	bool late = false;

	for (i = 0; i < count; i++) {
		if (waiters[i].wait->object != object)
			continue;
		n++;
		late |= signal != HISTORY_NONE && signal > waiters[i].wait->wait;
	}
	if (n < 2 || late || (signal != HISTORY_NONE && !common))
		return false;
	pattern_say(search, PATTERN_MUTUAL_WAIT, "");
	for (i = 0, n = 0; i < count; i++)
		if (waiters[i].wait->object == object)
			pattern_add(search, n++ ? " and %L" : "%L", waiters[i].wait->lane);
	pattern_add(search, " wait on %O at %P, and nobody is left to %g it", object,
		    pattern_place_at(search, waiters[0].wait->wait));
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
	size_t signal = wakeups_signal(search->wakeups, wait->object, search->history->events_n);

	pattern_say(search, PATTERN_UNKNOWN, "Stuck: %L waits on %O at %P", wait->lane,
		    wait->object, pattern_place_at(search, wait->wait));
	if (signal == HISTORY_NONE)
		pattern_add(search, ", and nobody has ever %G it.");
	else
		pattern_add(search, "; the last %g came from %L at %P%S.",
			    waiter_lane_at(search, signal), pattern_place_at(search, signal),
			    signal > wait->wait                   ? " and woke another"
			    : wakeups_by(search->wakeups, signal) ? " before that"
								  : " before that and woke nobody");
	pattern_show(search, signal, "");
	pattern_show(search, wait->wait, "waits for ever");
}

/*
 * The wait of a lane that is stuck. One that came back without a signal and waited again has waited
 * since its first wait.
 */
static bool find_waiter(const struct search *search, uint32_t lane, struct waiter *waiter)
{
	const struct wakeup *before;

	waiter->wait = wakeups_waiting(search->wakeups, lane);
	if (!waiter->wait)
		return false;
	waiter->section = waiter_section(search, waiter->wait->wait);
	while (waiter->section && waiter->section->wait != HISTORY_NONE) {
		before = wakeups_of(search->wakeups, waiter->section->begin);
		if (!before || before->signal != HISTORY_NONE ||
		    before->object != waiter->wait->object)
			break;
		waiter->wait = before;
		waiter->section = waiter_section(search, before->wait);
	}
	return true;
}

/* The thread runs tasks of an executor (Lib/concurrent/futures/thread.py). */
static bool is_pools(const struct search *search, uint32_t context)
{
	const struct trace_names *names = search->history->file->names;
	const struct trace_context *stack = trace_names_context(names, context);
	const struct trace_location *location;
	uint32_t i;

	for (i = 0; stack && i < stack->frames_n; i++) {
		location = trace_names_location(names, stack->frames[i]);
		if (library_is_interpreted(location) && !location->user &&
		    strcmp(location->source.function, "_worker") == 0)
			return true;
	}
	return false;
}

/* All threads of an executor wait for results of tasks, and none is left to run one. */
static bool executor_starves(struct search *search)
{
	const struct trace_names *names = search->history->file->names;
	uint32_t context, lane = 0;
	const cJSON *edge;
	uint64_t count = 0;
	const char *call;

	cJSON_ArrayForEach (edge, fields_array(search->outcome, "edges")) {
		context = fields_number(edge, "context", 0);
		if (!is_pools(search, context))
			continue;
		call = library_call(names, context);
		if (!library_user(names, context) || !call || strncmp(call, "Future.", 7) != 0)
			return false;
		lane = lane ? lane : fields_number(edge, "lane", 0);
		count++;
	}
	if (!count || lane >= search->history->lanes_end ||
	    search->history->lanes[lane].last == HISTORY_NONE)
		return false;
	pattern_say(
		search, PATTERN_POOL,
		"%L waits for the result of another task of its pool at %P, as does every thread "
		"of the pool (%N): nobody is left to run that task.",
		lane, pattern_place_at(search, search->history->lanes[lane].last), count);
	cJSON_ArrayForEach (edge, fields_array(search->outcome, "edges")) {
		lane = fields_number(edge, "lane", 0);
		if (lane < search->history->lanes_end &&
		    is_pools(search, fields_number(edge, "context", 0)))
			pattern_show(search, search->history->lanes[lane].last, "waits for ever");
	}
	return true;
}

bool pattern_stuck(struct search *search)
{
	typedef bool rule_fn(struct search *, const struct waiter *);
	static rule_fn *const rules[] = { waiter_lost_thread,         waiter_barrier_lapped,
					  waiter_wrong_one_woken,     pool_starves,
					  waiter_signalled_too_early, waiter_left_alone,
					  waiter_looked_too_early };
	struct waiter waiters[STORY_EDGES];
	unsigned i, j, count = 0;
	const cJSON *edge;

	if (executor_starves(search))
		return true;
	cJSON_ArrayForEach (edge, fields_array(search->outcome, "edges"))
		if (count < STORY_EDGES)
			count += find_waiter(search, fields_number(edge, "lane", 0),
					     &waiters[count]);
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
