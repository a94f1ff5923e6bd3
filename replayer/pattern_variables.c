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

/* The lane has made the other one in between, or waited for its end: it knows. */
static bool lets_it(const struct search *search, const struct square *square)
{
	const struct section *earliest = square->other_first, *latest = square->other_second;

	if (latest->begin < earliest->begin) {
		earliest = square->other_second;
		latest = square->other_first;
	}
	return history_ordered(search->history, square->first->begin, earliest->begin) ||
	       history_ordered(search->history, latest->begin, square->second->begin);
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
		    !lets_it(search, square) && matters(search, square))
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

/* In one go, as far as lines tell; what is proven may be in rounds of a loop. */
static bool in_one_go(const struct search *search, const struct square *square)
{
	return search->exactly ? thing_common_call(search, square->first, square->second)
			       : thing_same_call(search, square->first, square->second);
}

/* `changes`: the lane changes the second one. */
static bool find_square(const struct search *search, struct square *square, bool changes)
{
	size_t i, at, looked = 0;
	unsigned back;

	for (i = search->sections->count; i-- > 0 && looked < SECONDS;) {
		square->second = &search->sections->items[i];
		if (!square->second->variable || square->second->reads == changes)
			continue;
		looked++;
		for (at = i, back = 0; back < BACK; back++) {
			square->first = earlier(search, square->second->lane, &at);
			if (!square->first)
				break;
			if (!thing_same(search, square->first, square->second) &&
			    in_one_go(search, square) && find_other(search, square))
				return true;
		}
	}
	return false;
}

static bool is_nothing(const struct search *search, const struct section *section)
{
	const char *value = search->history->events[section->begin].text;
	size_t length = value ? strlen(value) : 0;

	return length >= strlen("nothing") &&
	       strcmp(value + length - strlen("nothing"), "nothing") == 0 &&
	       (length == strlen("nothing") || thing_has_key(search, section));
}

/*
 * What was read was not there yet; or "<Settings>" is the value of the one, and the other is a part
 * of Settings.
 */
static bool is_part(const struct search *search, const struct section *whole,
		    const struct section *part, const struct section *read)
{
	const char *value = search->history->events[whole->begin].text;
	const struct trace_object *object =
		trace_names_object(search->history->file->names, part->object);
	size_t length = value ? strcspn(value + (*value == '<'), " >") : 0;

	return is_nothing(search, read) ||
	       (value && *value == '<' && object && length &&
		strncmp(object->id, value + 1, length) == 0 && object->id[length] == '.');
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

/* The other lane has seen one half of a change, which the lane goes on to make whole. */
static void say_torn(struct search *search, const struct square *square)
{
	struct thing one = thing_of(search, square->first), two = thing_of(search, square->second);
	struct calls calls;

	thing_calls(&calls, search, square->first, square->second);
	pattern_say(search, PATTERN_TORN_READ,
		    "%L changed two variables one after the other, %O%K at %P and %O%K at %P; "
		    "%L read both in between, at %P and at %P.",
		    square->first->lane, one.object, one.key, calls.first, two.object, two.key,
		    calls.second, square->other_first->lane,
		    pattern_place(search, square->other_first, 1),
		    pattern_place(search, square->other_second, 1));
	show_square(search, square, "one half", "sees one half", "the other half");
}

/* The other lane has seen one half of a change. */
static void say_half(struct search *search, const struct square *square)
{
	struct thing one = thing_of(search, square->first), two = thing_of(search, square->second);
	struct calls calls;

	thing_calls(&calls, search, square->first, square->second);
	if (is_part(search, square->first, square->second, square->other_second)) {
		pattern_say(search, PATTERN_ORDER,
			    "publication before initialisation: %L made %O%K known at %P before it "
			    "set %O%K at %P; %L found it and used it, at %P.",
			    square->first->lane, one.object, one.key, calls.first, two.object,
			    two.key, calls.second, square->other_first->lane,
			    pattern_place(search, square->other_second, 1));
		show_square(search, square, "known from here on", "finds it", "too late");
	} else if (is_update(search, square->second)) {
		say_torn(search, square);
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
	if (square->first->reads && square->second->reads)
		name = PATTERN_TORN_READ;
	else if (square->first->reads)
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
		: name == PATTERN_TORN_READ
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

	if (!find_square(search, &square, true) && !find_square(search, &square, false))
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
	case EVENT_UPDATE:
		return "updates";
	case EVENT_DELETE:
		return "deletes";
	case EVENT_ITERATE:
		return "iterates over";
	default:
		return "uses";
	}
}

/* A change that was announced and never took place is in no section. */
static struct section pending(const struct search *search, size_t at)
{
	const struct history_event *event = &search->history->events[at];

	return (struct section){
		.lane = event->lane,
		.object = event->object,
		.begin = at,
		.end = at,
		.previous = HISTORY_NONE,
		.under = HISTORY_NONE,
		.wait = HISTORY_NONE,
		.reads = event->kind != EVENT_STORE && event->kind != EVENT_UPDATE,
		.single = true,
		.variable = true,
	};
}

static const struct section *section_at(const struct search *search, size_t at)
{
	const struct section *section = sections_around(search->sections, at);

	return section && section->variable && section->begin == at ? section : NULL;
}

/* What the lane has looked at as a condition for doing `act`, in one call; NULL: nothing. */
static const struct section *condition_for(const struct search *search, const struct section *act)
{
	size_t i = (size_t)(act - search->sections->items);
	const struct section *look;
	unsigned back;

	for (back = 0; back < BACK && (look = earlier(search, act->lane, &i)); back++)
		if (look->reads && thing_same_call(search, look, act) &&
		    thing_is_check(search, look, act))
			return look;
	return NULL;
}

/* Both lanes do the same at one place, and have looked at something before, both before either. */
static bool both_acted(struct search *search, const struct section *early,
		       const struct section *late)
{
	const struct section *look, *other;
	struct thing thing;
	struct calls calls;

	if (!early || !late || early->reads || late->reads ||
	    !sections_same_place(search->history, pattern_context(search, early),
				 pattern_context(search, late), 1))
		return false;
	look = condition_for(search, late);
	other = condition_for(search, early);
	if (!look || !other || look->begin > early->begin ||
	    !sections_same_place(search->history, pattern_context(search, look),
				 pattern_context(search, other), 1))
		return false;
	thing = thing_of(search, look);
	thing_calls(&calls, search, look, late);
	pattern_say(search, PATTERN_CHECK_THEN_ACT,
		    "threads %L and %L both looked at %O%K at %P before either acted on it at %P.",
		    look->begin < other->begin ? look->lane : other->lane,
		    look->begin < other->begin ? other->lane : look->lane, thing.object, thing.key,
		    calls.first, calls.second);
	thing_show(search, &calls, look, "looks");
	thing_show(search, &calls, other, "looks");
	thing_show(search, &calls, early, "");
	thing_show(search, &calls, late, "acts on what was so before");
	pattern_show_failure(search);
	return true;
}

bool pattern_both_acted(struct search *search)
{
	const struct sections *sections = search->sections;
	const struct section *late;
	size_t i, looked = 0;

	for (i = sections->count; i-- > 0 && looked < SECONDS;) {
		late = &sections->items[i];
		if (!late->variable || late->reads)
			continue;
		looked++;
		if (both_acted(search,
			       sections_between(sections, late->object, late->lane, 0, 0,
						late->begin),
			       late))
			return true;
	}
	return false;
}

/* `late` was to follow another change, and `early`, of what it is to, is one of two looks. */
static bool torn_read(struct search *search, const struct section *early,
		      const struct section *late)
{
	struct square square = { .second = late, .other_second = early };
	size_t i = search->sections->count;
	unsigned back;

	if (!early || !early->reads || late->reads)
		return false;
	for (back = 0; back < BACK && (square.first = earlier(search, late->lane, &i)); back++) {
		if (square.first->begin >= early->begin || square.first->reads ||
		    thing_same(search, square.first, late) ||
		    !thing_same_call(search, square.first, late))
			continue;
		square.other_first = in_between(search, square.first, early->lane,
						square.first->end, HISTORY_NONE);
		if (!square.other_first || !square.other_first->reads ||
		    !thing_common_call(search, square.other_first, early))
			continue;
		say_torn(search, &square);
		return true;
	}
	return false;
}

bool pattern_variable_order(struct search *search)
{
	struct section change;
	const struct history_event *early = &search->history->events[search->second];
	const struct history_event *late = &search->history->events[search->first];

	if (!naming_has_value(early->kind) || !naming_has_value(late->kind) ||
	    early->object != late->object)
		return false;
	if (both_acted(search, section_at(search, search->second),
		       section_at(search, search->first)))
		return true;
	change = pending(search, search->first);
	if (torn_read(search, section_at(search, search->second), &change))
		return true;
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
