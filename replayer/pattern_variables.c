/*
 * Accesses of one thread to two variables that belong together, with another thread's to both in
 * between; and a variable that was used before it was set, or after it was set anew.
 */
#include <string.h>

#include "replayer/pattern_thing.h"

enum { BACK = 12, SECONDS = 2000 }; /* of accesses that are looked at */

/* The lane at `first` and `second`, and what another one did to the same two in between. */
struct square {
	const struct section *first, *second, *other_first, *other_second;
};

static bool conflict(const struct section *a, const struct section *b)
{
	return !(a->reads && b->reads);
}

/* The other lane's last access to the thing of `access` in between; NULL: none that matters. */
static const struct section *in_between(const struct search *search, const struct section *access,
					uint32_t lane, size_t from, size_t to)
{
	const struct section *other;

	while ((other = sections_between(search->sections, access->object, access->lane, lane, from,
					 to))) {
		if (other->variable && thing_same(search, other, access) && conflict(other, access))
			return other;
		to = other->begin;
	}
	return NULL;
}

static bool contains(const struct square *square, const struct search *search, size_t at)
{
	const struct section *const all[] = { square->first, square->second, square->other_first,
					      square->other_second };
	unsigned i;

	for (i = 0; i < 4; i++)
		if (triple_contains(search, all[i], at))
			return true;
	return false;
}

/* The lane did not leave by itself, or the search has found that these matter. */
static bool matters(const struct search *search, const struct square *square)
{
	if (search->exactly)
		return contains(square, search, search->first) &&
		       contains(square, search, search->second);
	return history_preemption(search->history, square->first->lane, square->first->end,
				  square->second->begin);
}

static bool find_other(const struct search *search, struct square *square)
{
	size_t from = square->first->end, to = square->second->begin;
	uint32_t lane;

	for (lane = 1; lane < search->history->lanes_end; lane++) {
		if (lane == square->first->lane)
			continue;
		square->other_first = in_between(search, square->first, lane, from, to);
		square->other_second = square->other_first
					       ? in_between(search, square->second, lane, from, to)
					       : NULL;
		if (square->other_second && square->other_second != square->other_first &&
		    !history_ordered(search->history, square->first->begin,
				     square->other_first->begin) &&
		    matters(search, square))
			return true;
	}
	return false;
}

/* A lane's earlier access to anything, of those before item `i`. */
static const struct section *earlier(const struct search *search, uint32_t lane, size_t *i)
{
	while ((*i)-- > 0)
		if (search->sections->items[*i].variable &&
		    search->sections->items[*i].lane == lane)
			return &search->sections->items[*i];
	return NULL;
}

static bool find_square(const struct search *search, struct square *square)
{
	size_t i, at, looked = 0;
	unsigned back;

	for (i = search->sections->count; i-- > 0 && looked < SECONDS;) {
		square->second = &search->sections->items[i];
		if (!square->second->variable)
			continue;
		looked++;
		for (at = i, back = 0; back < BACK; back++) {
			square->first = earlier(search, square->second->lane, &at);
			if (!square->first)
				break;
			if (!thing_same(search, square->first, square->second) &&
			    thing_same_call(search, square->first, square->second) &&
			    find_other(search, square))
				return true;
		}
	}
	return false;
}

/* "<Settings>" is the value of the one, and the other is a part of Settings. */
static bool is_part(const struct search *search, const struct section *whole,
		    const struct section *part)
{
	const char *value = search->history->events[whole->begin].text;
	const struct trace_object *object =
		trace_names_object(search->history->file->names, part->object);
	size_t length = value ? strcspn(value + (*value == '<'), " >") : 0;

	return value && *value == '<' && object && length &&
	       strncmp(object->id, value + 1, length) == 0 && object->id[length] == '.';
}

/* The lane has looked at it before, so what it sets depends on what was there. */
static bool is_update(const struct search *search, const struct section *section)
{
	const struct section *before = thing_previous(search, section);

	return before && before->reads && thing_same_call(search, before, section);
}

static void show_square(struct search *search, const struct square *square, const char *first,
			const char *other, const char *second)
{
	struct calls calls;

	thing_calls(&calls, search, square->first, square->second);
	thing_show(search, &calls, square->first, first);
	pattern_show_section(search, square->other_first, other);
	pattern_show_section(search, square->other_second, "");
	thing_show(search, &calls, square->second, second);
	pattern_show_failure(search);
}

/* The other lane has seen one half of a change. */
static void say_half(struct search *search, const struct square *square)
{
	struct thing one = thing_of(search, square->first), two = thing_of(search, square->second);
	struct calls calls;

	thing_calls(&calls, search, square->first, square->second);
	if (is_part(search, square->first, square->second)) {
		pattern_say(search, PATTERN_ORDER,
			    "publication before initialisation: %L made %O%K known at %P before it "
			    "set %O%K at %P; %L found it and used it, at %P.",
			    square->first->lane, one.object, one.key, calls.first, two.object,
			    two.key, calls.second, square->other_first->lane,
			    pattern_place(search, square->other_second, 1));
		show_square(search, square, "known from here on", "finds it", "too late");
	} else if (is_update(search, square->second)) {
		pattern_say(
			search, PATTERN_ATOMICITY,
			"%L changed two variables one after the other, %O%K at %P and %O%K at %P; "
			"%L read both in between, at %P and at %P.",
			square->first->lane, one.object, one.key, calls.first, two.object, two.key,
			calls.second, square->other_first->lane,
			pattern_place(search, square->other_first, 1),
			pattern_place(search, square->other_second, 1));
		show_square(search, square, "one half", "sees one half", "the other half");
	} else {
		pattern_say(
			search, PATTERN_STALE_READ,
			"%L saw %O%K at %P as %L had changed it, and %O%K at %P as it was before "
			"that: %L changed them one after the other, at %P and at %P.",
			square->other_first->lane, one.object, one.key,
			pattern_place(search, square->other_first, 1), square->first->lane,
			two.object, two.key, pattern_place(search, square->other_second, 1),
			square->first->lane, calls.first, calls.second);
		show_square(search, square, "one half", "sees one half", "the other half");
	}
}

static void say_square(struct search *search, const struct square *square)
{
	struct thing one = thing_of(search, square->first), two = thing_of(search, square->second);
	enum pattern_name name = PATTERN_ATOMICITY;
	struct calls calls;

	if (!square->first->reads && square->other_first->reads && square->other_second->reads) {
		say_half(search, square);
		return;
	}
	thing_calls(&calls, search, square->first, square->second);
	if (square->first->reads && !square->second->reads)
		name = thing_is_check(search, square->first, square->second)
			       ? PATTERN_CHECK_THEN_ACT
			       : PATTERN_STALE_READ;
	pattern_say(
		search, name,
		name == PATTERN_CHECK_THEN_ACT
			? "%L looked at %O%K at %P and changed %O%K at %P; %L had changed both in "
			  "between, at %P and at %P."
		: name == PATTERN_STALE_READ
			? "%L read %O%K at %P and then changed %O%K at %P; %L had changed both in "
			  "between, at %P and at %P."
		: square->second->reads
			? "%L read two variables one after the other, %O%K at %P and %O%K at %P; "
			  "%L changed both in between, at %P and at %P."
			: "%L changed two variables one after the other, %O%K at %P and %O%K at "
			  "%P; %L changed both in between, at %P and at %P.",
		square->first->lane, one.object, one.key, calls.first, two.object, two.key,
		calls.second, square->other_first->lane,
		pattern_place(search, square->other_first, 1),
		pattern_place(search, square->other_second, 1));
	show_square(search, square,
		    name == PATTERN_CHECK_THEN_ACT ? "looks"
		    : name == PATTERN_STALE_READ   ? "stale from here on"
						   : "one half",
		    "comes between",
		    name == PATTERN_CHECK_THEN_ACT ? "acts on what was so before" : "");
}

bool pattern_variables(struct search *search)
{
	struct square square;

	if (!find_square(search, &square))
		return false;
	say_square(search, &square);
	return true;
}

static const char *verb(unsigned kind)
{
	switch (kind) {
	case EVENT_LOAD:
		return "reads";
	case EVENT_STORE:
		return "writes";
	case EVENT_DELETE:
		return "deletes";
	case EVENT_ITERATE:
		return "iterates over";
	default:
		return "uses";
	}
}

bool pattern_variable_order(struct search *search)
{
	const struct history_event *early = &search->history->events[search->second];
	const struct history_event *late = &search->history->events[search->first];

	if (!naming_has_value(early->kind) || !naming_has_value(late->kind) ||
	    early->object != late->object)
		return false;
	pattern_say(search, PATTERN_ORDER,
		    "fails when %L %S %O at %P before %L %S it at %P, and not the other way round.",
		    early->lane, verb(early->kind), early->object,
		    pattern_place_at(search, search->second), late->lane, verb(late->kind),
		    pattern_place_at(search, search->first));
	pattern_show(search, search->second, "too early");
	pattern_show(search, search->first, "too late");
	pattern_show_failure(search);
	return true;
}
