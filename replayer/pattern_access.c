/*
 * Wrong results: two accesses of one lane that should have been one, and what another lane did in
 * between; or an access that came before the one that it needs. An access is a critical section
 * (replayer/sections.h), of which the trace says who, where, under which lock, and when.
 */
#include <string.h>

#include "recorder/fields.h"
#include "recorder/story.h"
#include "replayer/pattern_rules.h"
#include "replayer/snippet.h"

enum { BACK = 8 }; /* sections of the lane at fault that are looked at */

/* Two sections of one lane with one of another between them. */
struct triple {
	const struct section *first, *other, *second;
	const struct section *other_first; /* the other lane was there too; NULL: not looked for */
	unsigned depth;                    /* of the places (replayer/sections.h) */
};

static uint32_t context_of(const struct search *search, const struct section *section)
{
	return sections_context(search->sections, section);
}

static bool named_file(const struct search *search, uint32_t object)
{
	const struct trace_object *names =
		trace_names_object(search->history->file->names, object);

	return names && names->name && names->name[0] == '/' &&
	       strncmp(names->name, "/dev/", 5) != 0;
}

/* Creations and joins of threads alone make it so: no schedule can do otherwise. */
static bool must_be(const struct search *search, const struct triple *triple)
{
	return history_ordered(search->history, triple->first->begin, triple->other->begin) &&
	       history_ordered(search->history, triple->other->begin, triple->second->begin);
}

static bool contains(const struct section *section, size_t at, uint32_t lane)
{
	return section && at != HISTORY_NONE && section->lane == lane && section->begin <= at &&
	       section->end >= at;
}

static bool has_event(const struct search *search, const struct triple *triple, size_t at)
{
	uint32_t lane = at == HISTORY_NONE ? 0 : search->history->events[at].lane;

	return contains(triple->first, at, lane) || contains(triple->other, at, lane) ||
	       contains(triple->second, at, lane) || contains(triple->other_first, at, lane);
}

/* The pair of a finding says which two matter; without one any will do. */
static bool is_wanted(const struct search *search, const struct triple *triple, bool exactly)
{
	return !exactly || (has_event(search, triple, search->first) &&
			    has_event(search, triple, search->second));
}

/* The other lane's section between the two that `wanted` accepts; the last one. */
static bool find_other(const struct search *search, struct triple *triple, bool exactly,
		       bool (*wanted)(const struct search *, struct triple *))
{
	size_t from = triple->first->end, to = triple->second->begin;

	while ((triple->other = sections_between(search->sections, triple->second->object,
						 triple->second->lane, 0, from, to))) {
		triple->other_first = NULL;
		if (!(triple->other->reads && triple->second->reads) &&
		    !must_be(search, triple) && wanted(search, triple) &&
		    is_wanted(search, triple, exactly))
			return true;
		to = triple->other->begin;
	}
	return false;
}

static bool any(const struct search *search, struct triple *triple)
{
	(void)search;
	return !triple->other->reads;
}

/* The lane did not go by itself: the switch is one that a schedule may leave out. */
static bool preempted(const struct search *search, struct triple *triple)
{
	return !triple->other->reads &&
	       history_preemption(search->history, triple->first->lane, triple->first->end,
				  triple->second->begin);
}

/*
 * The other lane did the same two, its first before either's second one: both go by what was there
 * before, and one undoes what the other did.
 */
static bool both_alike(const struct search *search, struct triple *triple)
{
	const struct history *history = search->history;
	const struct section *other_first;

	other_first = sections_previous(search->sections, triple->other);
	if (!other_first || triple->other->reads ||
	    !sections_same_place(history, context_of(search, triple->other),
				 context_of(search, triple->second), triple->depth) ||
	    !sections_same_place(history, context_of(search, other_first),
				 context_of(search, triple->first), triple->depth))
		return false;
	triple->other_first = other_first;
	return true;
}

/* The last two sections of a lane on one object, at different places, with another between. */
static bool find_triple(const struct search *search, struct triple *triple, bool io, bool exactly,
			bool (*wanted)(const struct search *, struct triple *))
{
	size_t i;

	for (i = search->sections->count; i-- > 0;) {
		const struct section *second = &search->sections->items[i];
		const struct section *first = sections_previous(search->sections, second);

		if (!first || second->io != io || second->wait != HISTORY_NONE || first->waits ||
		    second->reads || first->end == HISTORY_NONE)
			continue;
		if (io && (!named_file(search, second->object) || !first->reads))
			continue;
		triple->first = first;
		triple->second = second;
		triple->depth = sections_depth(search->history, context_of(search, first),
					       context_of(search, second));
		if (triple->depth && find_other(search, triple, exactly, wanted))
			return true;
	}
	return false;
}

static void show_triple(struct search *search, const struct triple *triple, const char *first,
			const char *other, const char *second)
{
	if (triple->other_first)
		pattern_show_section(search, triple->other_first, first);
	pattern_show_section(search, triple->first, first);
	pattern_show_section(search, triple->other, other);
	pattern_show_section(search, triple->second, second);
	pattern_show_failure(search);
}

static void say_both(struct search *search, const struct triple *triple)
{
	uint32_t first = pattern_place(search, triple->first, triple->depth);
	uint32_t second = pattern_place(search, triple->second, triple->depth);
	bool one_step = snippet_updates_in_place(search->history, triple->second);

	if (triple->second->io) {
		pattern_say(search, PATTERN_IO_RACE,
			    "%L and %L both read %O at %P before either wrote it at %P.",
			    triple->other->lane, triple->second->lane, triple->second->object,
			    first, second);
	} else if (one_step) {
		pattern_say(search, PATTERN_CHECK_THEN_ACT,
			    "%L and %L both looked under %O at %P before either acted at %P.",
			    triple->other->lane, triple->second->lane, triple->second->object,
			    first, second);
	} else {
		pattern_say(search, PATTERN_LOST_UPDATE,
			    "%L and %L both read under %O at %P before either wrote back at %P.",
			    triple->other->lane, triple->second->lane, triple->second->object,
			    first, second);
	}
	show_triple(search, triple, one_step ? "looks" : "reads", one_step ? "acts" : "writes back",
		    one_step ? "acts on what was so before" : "and overwrites that");
}

/* A verdict over the whole run was wrong: the last two accesses that came apart. */
bool pattern_interleaved(struct search *search)
{
	bool exactly = search->first != HISTORY_NONE && search->second != HISTORY_NONE;
	struct triple triple = { 0 };

	do {
		if (find_triple(search, &triple, true, exactly, both_alike) ||
		    find_triple(search, &triple, false, exactly, both_alike)) {
			say_both(search, &triple);
			return true;
		}
		if (find_triple(search, &triple, true, exactly, any)) {
			pattern_say(search, PATTERN_IO_RACE,
				    "%L wrote %O at %P after %L had read it (%P) and before %L "
				    "wrote it back (%P).",
				    triple.other->lane, triple.other->object,
				    pattern_place(search, triple.other, 1), triple.first->lane,
				    pattern_place(search, triple.first, triple.depth),
				    triple.first->lane,
				    pattern_place(search, triple.second, triple.depth));
			show_triple(search, &triple, "reads", "comes between", "writes back");
			return true;
		}
		if (find_triple(search, &triple, false, exactly, preempted)) {
			pattern_say(search, PATTERN_ATOMICITY,
				    "%L had %O at %P between two critical sections of %L, which "
				    "was at %P before and at %P after.",
				    triple.other->lane, triple.other->object,
				    pattern_place(search, triple.other, 1), triple.first->lane,
				    pattern_place(search, triple.first, triple.depth),
				    pattern_place(search, triple.second, triple.depth));
			show_triple(search, &triple, "", "comes between", "");
			return true;
		}
	} while (exactly && !(exactly = false));
	return false;
}

/* The section in which the lane failed, or the last one that it was in before. */
static const struct section *failing(const struct search *search)
{
	const struct section *section;

	if (!search->in_place)
		return NULL;
	section = sections_open(search->sections, search->lane);
	return section ? section : sections_last(search->sections, search->lane);
}

/* The lane had left the lock and taken it again; another one came between. */
static bool check_then_act(struct search *search, const struct section *act)
{
	struct triple triple = { .second = act };
	unsigned i;

	triple.first = sections_previous(search->sections, act);
	for (i = 0; i < BACK && triple.first; i++) {
		if (find_other(search, &triple, false, any))
			break;
		triple.first = sections_previous(search->sections, triple.first);
	}
	if (i == BACK || !triple.first || triple.first->waits)
		return false;
	triple.other_first = NULL;
	triple.depth = sections_depth(search->history, context_of(search, triple.first),
				      context_of(search, act));
	pattern_say(search, PATTERN_CHECK_THEN_ACT,
		    "%L looked under %O at %P and acted on it at %P, but %L had come between, "
		    "at %P.",
		    act->lane, act->object, pattern_place(search, triple.first, triple.depth),
		    pattern_place(search, act, triple.depth), triple.other->lane,
		    pattern_place(search, triple.other, 1));
	show_triple(search, &triple, "looks", "comes between", "");
	return true;
}

/* The lane's next operation is to take that object. */
static size_t stands_before(const struct search *search, uint32_t lane, uint32_t object)
{
	size_t last = search->history->lanes[lane].last;
	const struct history_event *event;

	if (last == HISTORY_NONE)
		return HISTORY_NONE;
	event = &search->history->events[last];
	return event->phase == PHASE_ANNOUNCED && event->object == object ? last : HISTORY_NONE;
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
	const struct section *half = sections_between(search->sections, saw->object, saw->lane, 0, 0,
						      saw->begin);
	size_t rest;

	if (!half || half->reads ||
	    step_between(search, second->object, half->lane, half->begin, second->begin))
		return false;
	rest = stands_before(search, half->lane, second->object);
	if (rest == HISTORY_NONE)
		return false;
	pattern_say(search, PATTERN_STALE_READ,
		    "%L saw under %O at %P what %L had changed at %P, and under %O at %P what %L "
		    "was still to change at %P.",
		    saw->lane, saw->object, pattern_place(search, saw, 1), half->lane,
		    pattern_place(search, half, 1), second->object,
		    pattern_place(search, second, 1), half->lane, pattern_place_at(search, rest));
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

bool pattern_failing_section(struct search *search)
{
	const struct section *act = failing(search), *saw;
	unsigned i;

	if (!act)
		return false;
	if (check_then_act(search, act))
		return true;
	saw = sections_before(search->sections, act);
	for (i = 0; i < BACK && saw; i++, saw = sections_before(search->sections, saw))
		if (saw->object != act->object && saw->end != HISTORY_NONE &&
		    (half_done(search, saw, act) || changed_between(search, saw, act)))
			return true;
	return false;
}

/* Whom the search for schedules has found to matter: that order is the fault. */
static bool proven_order(struct search *search)
{
	const struct history *history = search->history;

	if (search->first == HISTORY_NONE || search->second == HISTORY_NONE)
		return false;
	pattern_say(search, PATTERN_ORDER,
		    "fails when %L at %P comes before %L at %P, and not the other way round.",
		    history->events[search->second].lane, pattern_place_at(search, search->second),
		    history->events[search->first].lane, pattern_place_at(search, search->first));
	pattern_show(search, search->second, "too early");
	pattern_show(search, search->first, "too late");
	pattern_show_failure(search);
	return true;
}

/* The lane is the first one ever to come to that lock, and fails there. */
bool pattern_order(struct search *search)
{
	const struct section *act = failing(search);
	uint32_t lane;
	size_t stands = HISTORY_NONE;

	if (!act || act->end != HISTORY_NONE ||
	    sections_between(search->sections, act->object, 0, 0, 0, act->begin))
		return proven_order(search);
	pattern_say(search, PATTERN_ORDER, "%L came to %O at %P before any other thread",
		    act->lane, act->object, pattern_place(search, act, 1));
	for (lane = 1; lane < search->history->lanes_end && stands == HISTORY_NONE; lane++)
		if (lane != act->lane)
			stands = stands_before(search, lane, act->object);
	if (stands != HISTORY_NONE)
		pattern_add(search, "; %L stood before %P", search->history->events[stands].lane,
			    pattern_place_at(search, stands));
	pattern_add(search, ".");
	pattern_show_section(search, act, "first of all");
	pattern_show(search, stands, "not yet");
	pattern_show_failure(search);
	return true;
}

/* The last switches that a schedule may leave out. */
static void show_preemptions(struct search *search)
{
	enum { SHOWN = 3 };
	const struct history *history = search->history;
	unsigned shown = 0;
	size_t i, at;

	for (i = history->choices_n; i-- > 0 && shown < SHOWN;) {
		const struct history_choice *choice = &history->choices[i];

		if (!choice->preemption || choice->at >= history->events_n)
			continue;
		at = history_find(history, choice->lane, choice->k);
		if (at == HISTORY_NONE)
			continue;
		pattern_show(search, choice->at, "");
		pattern_show(search, at, "");
		shown++;
	}
}

void pattern_generic(struct search *search)
{
	const struct section *act = failing(search), *other = NULL;

	if (act)
		other = sections_between(search->sections, act->object, act->lane, 0, 0,
					 act->begin);
	switch (story_verdict(search->outcome)) {
	case VERDICT_SIGNAL:
	case VERDICT_EXIT:
		break;
	default:
		return;
	}
	if (other) {
		pattern_say(search, PATTERN_UNKNOWN,
			    "Depends on the schedule: %L failed under %O, which it took at %P after %L "
			    "had had it at %P.",
			    act->lane, act->object, pattern_place(search, act, 1), other->lane,
			    pattern_place(search, other, 1));
		pattern_show_section(search, other, "");
		pattern_show_section(search, act, "");
		pattern_show_failure(search);
		return;
	}
	if (!search->history->preemptions)
		return;
	if (fields_object(search->outcome, "finding"))
		pattern_say(search, PATTERN_UNKNOWN,
			    "Depends on the schedule: fails only with %S.",
			    search->history->preemptions == 1 ? "this preemption"
							      : "these preemptions");
	else
		pattern_say(search, PATTERN_UNKNOWN,
			    "No known pattern; the last of the %N preemptions before the failure:",
			    search->history->preemptions);
	show_preemptions(search);
	pattern_show_failure(search);
}
