/*
 * A lane failed by itself, in a critical section or soon after: what had it seen before, and who
 * came between, or stood half-way?
 */
#include "replayer/pattern_triple.h"

enum { BACK = 8 }; /* sections of the lane at fault that are looked at */

/* The section in which the lane failed, or the last one that it was in before. */
const struct section *pattern_failing(const struct search *search)
{
	const struct section *section;

	if (!search->in_place)
		return NULL;
	/* An exception leaves sections, and the thread goes on to its end. */
	if (search->raised)
		return sections_last(search->sections, search->lane, search->failure);
	section = sections_open(search->sections, search->lane);
	return section ? section : sections_last(search->sections, search->lane, HISTORY_NONE);
}

/* The section goes on after a wait that a signal sent in `by` has ended. */
static bool released_by(const struct search *search, const struct section *section,
			const struct section *by)
{
	const struct wakeup *wakeup;

	if (section->wait == HISTORY_NONE)
		return false;
	wakeup = wakeups_of(search->wakeups, section->begin);
	return wakeup && section_contains(by, wakeup->signal, by->lane) &&
	       search->history->events[wakeup->signal].lane == by->lane;
}

/* The lane had left the lock and taken it again; another one came between. */
static bool check_then_act(struct search *search, const struct section *act)
{
	struct triple triple = { .second = act };
	uint32_t first, second, other;
	unsigned i;

	triple.first = sections_previous(search->sections, act);
	for (i = 0; i < BACK && triple.first; i++) {
		if (triple_find_other(search, &triple, false, triple_any))
			break;
		triple.first = sections_previous(search->sections, triple.first);
	}
	if (i == BACK || !triple.first || triple.first->waits)
		return false;
	triple.other_first = NULL;
	triple.depth = sections_depth(search->history, pattern_context(search, triple.first),
				      pattern_context(search, act));
	first = pattern_place(search, triple.first, triple.depth);
	second = pattern_place(search, act, triple.depth);
	other = pattern_place(search, triple.other, 1);
	if (released_by(search, triple.other, triple.first)) {
		pattern_say(search, PATTERN_ORDER,
			    "%L let %L go on by its signal on %O at %P, but it came to %O again at "
			    "%P, and %L had been there before that, at %P.",
			    act->lane, triple.other->lane,
			    search->history->events[triple.other->begin].object, first, act->object,
			    second, triple.other->lane, other);
		triple_show(search, &triple, "lets the other go on", "does not wait for more", "");
	} else if (act->end != HISTORY_NONE &&
		   !sections_same_place(search->history, pattern_context(search, triple.other),
					pattern_context(search, act), 1)) {
		pattern_say(search, PATTERN_ATOMICITY,
			    "%L had %O at %P and again at %P, and failed after that; %L had come "
			    "between, at %P.",
			    act->lane, act->object, first, second, triple.other->lane, other);
		triple_show(search, &triple, "one half", "comes between", "the other half");
	} else {
		pattern_say(search, PATTERN_CHECK_THEN_ACT,
			    "%L looked under %O at %P and acted on it at %P, but %L had come "
			    "between, at %P.",
			    act->lane, act->object, first, second, triple.other->lane, other);
		triple_show(search, &triple, "looks", "comes between", "");
	}
	return true;
}

/* The first section of the lane on `object` after `from`, before `to`; NULL: none. */
static const struct section *step_between(const struct search *search, uint32_t object,
					  uint32_t lane, size_t from, size_t to)
{
	return sections_between(search->sections, object, 0, lane, from, to);
}

/* Another lane had done the one half of a change, and not yet the other. */
static bool half_done(struct search *search, const struct section *saw,
		      const struct section *second)
{
	const struct section *half =
		sections_between(search->sections, saw->object, saw->lane, 0, 0, saw->begin);
	size_t rest;

	if (!half || half->reads ||
	    step_between(search, second->object, half->lane, half->begin, second->begin))
		return false;
	rest = pattern_stands_before(search, half->lane, second->object);
	if (rest == HISTORY_NONE)
		return false;
	if (saw->end == HISTORY_NONE)
		pattern_say(search, PATTERN_ATOMICITY,
			    "%L had %O at %P and was still to come to %O at %P when %L had both, "
			    "at %P and %P.",
			    half->lane, half->object, pattern_place(search, half, 1),
			    second->object, pattern_place_at(search, rest), saw->lane,
			    pattern_place(search, saw, 1), pattern_place(search, second, 1));
	else
		pattern_say(
			search, PATTERN_STALE_READ,
			"%L saw under %O at %P what %L had changed at %P, and under %O at %P what %L "
			"was still to change at %P.",
			saw->lane, saw->object, pattern_place(search, saw, 1), half->lane,
			pattern_place(search, half, 1), second->object,
			pattern_place(search, second, 1), half->lane,
			pattern_place_at(search, rest));
	pattern_show_section(search, half, "the first half");
	pattern_show_section(search, saw, "sees the first half");
	pattern_show_section(search, second, "misses the other half");
	pattern_show(search, rest, "not yet");
	pattern_show_failure(search);
	return true;
}

/* Another lane has changed both between the two looks. */
static bool changed_between(struct search *search, const struct section *saw,
			    const struct section *second)
{
	const struct section *half, *rest;

	rest = sections_between(search->sections, second->object, second->lane, 0, saw->end,
				second->begin);
	if (!rest || rest->reads)
		return false;
	half = step_between(search, saw->object, rest->lane, saw->end, second->begin);
	if (!half || half->reads)
		return false;
	pattern_say(search, PATTERN_STALE_READ,
		    "%L looked under %O at %P and then under %O at %P; in between %L had changed "
		    "both, at %P and %P.",
		    saw->lane, saw->object, pattern_place(search, saw, 1), second->object,
		    pattern_place(search, second, 1), rest->lane, pattern_place(search, half, 1),
		    pattern_place(search, rest, 1));
	pattern_show_section(search, saw, "stale from here on");
	pattern_show_section(search, half, "");
	pattern_show_section(search, rest, "");
	pattern_show_section(search, second, "");
	pattern_show_failure(search);
	return true;
}

/* The lane's last section on the object that begins before `to`. */
static const struct section *last_of(const struct search *search, uint32_t object, uint32_t lane,
				     size_t to)
{
	return sections_between(search->sections, object, 0, lane, 0, to);
}

/*
 * Another lane stands between two sections on the object. Where the lane at fault has been at the
 * place of the first one too and left out the second, it relied on the other one to do it.
 */
static bool half_way(struct search *search, const struct section *act)
{
	const struct section *half = NULL, *same;
	size_t rest = HISTORY_NONE;
	uint32_t lane;

	for (lane = 1; lane < search->history->lanes_end && rest == HISTORY_NONE; lane++) {
		if (lane == act->lane)
			continue;
		rest = pattern_stands_before(search, lane, act->object);
		if (rest == HISTORY_NONE)
			continue;
		half = last_of(search, act->object, lane, act->begin);
		if (!half || half->end == HISTORY_NONE || half->waits || half->reads)
			rest = HISTORY_NONE;
	}
	if (act->end != HISTORY_NONE || rest == HISTORY_NONE ||
	    !history_preemption(search->history, half->lane, half->end, act->begin))
		return false;
	same = sections_previous(search->sections, act);
	if (same && same->begin > half->end &&
	    sections_same_place(search->history, pattern_context(search, same),
				pattern_context(search, half), 1))
		pattern_say(search, PATTERN_ORDER,
			    "%L came to %O at %P before %L, which had been at %P, had come to %P, "
			    "which %L itself leaves out.",
			    act->lane, act->object, pattern_place(search, act, 1), half->lane,
			    pattern_place(search, half, 1), pattern_place_at(search, rest),
			    act->lane);
	else
		pattern_say(search, PATTERN_ATOMICITY,
			    "%L came to %O at %P when %L stood between two critical sections, one "
			    "at %P and the next at %P.",
			    act->lane, act->object, pattern_place(search, act, 1), half->lane,
			    pattern_place(search, half, 1), pattern_place_at(search, rest));
	pattern_show_section(search, half, "");
	pattern_show(search, rest, "not yet");
	pattern_show_section(search, act, "too early");
	return true;
}

bool pattern_failing_section(struct search *search)
{
	const struct section *act = pattern_failing(search), *saw;
	unsigned i;

	if (!act)
		return false;
	if (check_then_act(search, act))
		return true;
	saw = sections_before(search->sections, act);
	for (i = 0; i < BACK && saw; i++, saw = sections_before(search->sections, saw))
		if (saw->object != act->object &&
		    (half_done(search, saw, act) || changed_between(search, saw, act)))
			return true;
	return half_way(search, act);
}
