/*
 * Accesses to variables of an interpreted program: two of one thread that should have been one, and
 * what another thread did to the same variable in between. What came between accesses to several
 * variables is pattern_variables.c.
 */
#include <string.h>

#include "replayer/pattern_thing.h"

enum { BACK = 8, SECONDS = 4000 }; /* of accesses that are looked at */

/* "T3's 20 is lost" */
static void note_lost(const struct search *search, const struct section *lost, char *note,
		      size_t size)
{
	const char *value = search->history->events[lost->begin].text;
	struct text text;

	text_init(&text, note, size);
	text_addf(&text, "T%u's ", lost->lane);
	if (value && !thing_has_key(search, lost)) {
		text_add_clean(&text, value);
		text_cut(&text, 40);
		text_add(&text, " is lost");
	} else {
		text_add(&text, "change is lost");
	}
}

/* The other one is of the same item of a container, as far as is known. */
static bool same_thing(const struct search *search, const struct triple *triple)
{
	return thing_same(search, triple->other, triple->first) &&
	       thing_same(search, triple->other, triple->second);
}

/* The other lane did the same two, its first before either's second. */
static bool both_alike(const struct search *search, struct triple *triple)
{
	const struct history *history = search->history;
	const struct section *first;

	if (!same_thing(search, triple) || !triple->first->reads || triple->other->reads ||
	    triple->second->reads ||
	    !sections_same_place(history, pattern_context(search, triple->other),
				 pattern_context(search, triple->second), 1))
		return false;
	first = thing_previous(search, triple->other);
	while (first && first->reads &&
	       !sections_same_place(history, pattern_context(search, first),
				    pattern_context(search, triple->first), 1))
		first = thing_previous(search, first);
	if (!first || !first->reads)
		return false;
	triple->other_first = first;
	return true;
}

static bool apart(const struct search *search, const struct triple *triple)
{
	return search->exactly || (history_preemption(search->history, triple->first->lane,
						      triple->first->end, triple->second->begin) &&
				   thing_same_call(search, triple->first, triple->second));
}

/* It reads, and changes what it has read; the other one changes it, too. */
static bool overwrites(const struct search *search, struct triple *triple)
{
	return triple->first->reads && !triple->other->reads && !triple->second->reads &&
	       apart(search, triple);
}

/* No order of the two lanes one after the other gives the same. */
static bool no_order(const struct search *search, struct triple *triple)
{
	bool middle = triple->other->reads;

	if (triple->first->reads == middle && triple->second->reads == middle)
		return false;
	return (!middle ? triple->second->reads
			: !triple->first->reads && !triple->second->reads) &&
	       apart(search, triple);
}

static bool is_iteration(const struct search *search, const struct section *section)
{
	return search->history->events[section->begin].kind == EVENT_ITERATE;
}

static bool again(const struct search *search, const struct section *a, const struct section *b)
{
	return sections_same_place(search->history, pattern_context(search, a),
				   pattern_context(search, b), 1);
}

/* The last two accesses of a lane to one thing with another lane's between. */
static bool find(const struct search *search, struct triple *triple, triple_wanted *wanted)
{
	size_t i, back, looked = 0;

	for (i = search->sections->count; i-- > 0 && looked < SECONDS;) {
		const struct section *second = &search->sections->items[i], *first = second;

		if (!second->variable)
			continue;
		looked++;
		for (back = 0; back < BACK; back++) {
			const struct section *later = first;

			first = thing_previous(search, first);
			/* Before a change it was another round; a place that comes again, too. */
			if (!first || (back && (!first->reads || again(search, later, first))))
				break;
			*triple = (struct triple){ .first = first, .second = second };
			/* What was read again since is of no use, unless it was a condition. */
			if (back && !is_iteration(search, second) &&
			    !thing_is_check(search, first, second))
				continue;
			if (triple_find_other(search, triple, search->exactly, wanted))
				return true;
		}
	}
	return false;
}

/* Whether it has been under one lock each time, and not all the time. */
static void add_locks(struct search *search, const struct triple *triple)
{
	const struct section *first = thing_lock(search, triple->first);
	const struct section *second = thing_lock(search, triple->second);
	const struct section *other = thing_lock(search, triple->other);

	if (!first || !second || !other)
		return;
	if (first != second && first->object == second->object && other->object == first->object)
		pattern_add(
			search,
			" Each step was under %O, but not both in one go: a non-atomic compound "
			"operation across two critical sections.",
			first->object);
	else if (first == second && other->object != first->object)
		pattern_add(search, " %L had %O meanwhile, and %L %O: two locks for one thing.",
			    first->lane, first->object, other->lane, other->object);
}

static void show(struct search *search, const struct triple *triple, const char *first,
		 const char *other, const char *second)
{
	struct calls calls;

	thing_calls(&calls, search, triple->first, triple->second);
	if (triple->other_first)
		thing_show(search, &calls, triple->other_first, first);
	thing_show(search, &calls, triple->first, first);
	thing_show(search, &calls, triple->other, other);
	thing_show(search, &calls, triple->second, second);
	pattern_show_failure(search);
}

static void say_both(struct search *search, const struct triple *triple)
{
	bool other_first = triple->other_first->begin < triple->first->begin;
	uint32_t one = other_first ? triple->other->lane : triple->first->lane;
	uint32_t two = other_first ? triple->first->lane : triple->other->lane;
	struct thing thing = thing_of(search, triple->first);
	char note[PATTERN_NOTE];
	struct calls calls;

	thing_calls(&calls, search, triple->first, triple->second);
	if (thing_is_check(search, triple->first, triple->second)) {
		pattern_say(
			search, PATTERN_CHECK_THEN_ACT,
			"threads %L and %L both looked at %O%K at %P before either acted on it at "
			"%P.",
			one, two, thing.object, thing.key, calls.first, calls.second);
		add_locks(search, triple);
		show(search, triple, "", "", "acts on what was so before");
		return;
	}
	pattern_say(search, PATTERN_LOST_UPDATE,
		    "threads %L and %L both read %O%K before either wrote it back.", one, two,
		    thing.object, thing.key);
	add_locks(search, triple);
	note_lost(search, triple->other, note, sizeof(note));
	show(search, triple, "", "", note);
}

static void say_overwritten(struct search *search, const struct triple *triple)
{
	struct thing thing = thing_of(search, triple->first);
	char note[PATTERN_NOTE];
	struct calls calls;

	thing_calls(&calls, search, triple->first, triple->second);
	if (thing_is_check(search, triple->first, triple->second)) {
		pattern_say(
			search, PATTERN_CHECK_THEN_ACT,
			"%L looked at %O%K at %P and acted on it at %P, but %L had changed it in "
			"between, at %P.",
			triple->first->lane, thing.object, thing.key, calls.first, calls.second,
			triple->other->lane, pattern_place(search, triple->other, 1));
		add_locks(search, triple);
		show(search, triple, "looks", "comes between", "");
		return;
	}
	pattern_say(
		search, PATTERN_LOST_UPDATE,
		"%L read %O%K at %P and wrote it back at %P; what %L had written in between, at "
		"%P, is lost.",
		triple->first->lane, thing.object, thing.key, calls.first, calls.second,
		triple->other->lane, pattern_place(search, triple->other, 1));
	add_locks(search, triple);
	note_lost(search, triple->other, note, sizeof(note));
	show(search, triple, "", "", note);
}

static void say_between(struct search *search, const struct triple *triple)
{
	struct thing thing = thing_of(search, triple->first);
	enum pattern_name name;
	struct calls calls;

	thing_calls(&calls, search, triple->first, triple->second);
	if (triple->other->reads) {
		pattern_say(
			search, PATTERN_ATOMICITY,
			"%L changed %O%K in two steps, at %P and at %P; %L read it in between, at "
			"%P.",
			triple->first->lane, thing.object, thing.key, calls.first, calls.second,
			triple->other->lane, pattern_place(search, triple->other, 1));
		add_locks(search, triple);
		show(search, triple, "", "sees the first step", "the second step");
		return;
	}
	if (!triple->first->reads) {
		pattern_say(search, PATTERN_WRITE_WRITE,
			    "%L wrote %O%K at %P and read it at %P, but %L had overwritten it in "
			    "between, at %P.",
			    triple->first->lane, thing.object, thing.key, calls.first, calls.second,
			    triple->other->lane, pattern_place(search, triple->other, 1));
		add_locks(search, triple);
		show(search, triple, "", "overwrites that", "");
		return;
	}
	name = thing_is_check(search, triple->first, triple->second) ? PATTERN_CHECK_THEN_ACT
								     : PATTERN_STALE_READ;
	pattern_say(
		search, name,
		name == PATTERN_STALE_READ
			? "%L read %O%K at %P and again at %P, but %L had changed it in between, "
			  "at %P."
			: "%L looked at %O%K at %P and acted on it at %P, but %L had changed it in "
			  "between, at %P.",
		triple->first->lane, thing.object, thing.key, calls.first, calls.second,
		triple->other->lane, pattern_place(search, triple->other, 1));
	add_locks(search, triple);
	show(search, triple, "looks", "comes between", "");
}

/* A container changed while a lane went through it. */
static bool went_on(const struct search *search, struct triple *triple)
{
	return triple->first->reads && is_iteration(search, triple->second) &&
	       !triple->other->reads && same_thing(search, triple);
}

/* What Python says where it notices by itself. */
static bool says(const struct search *search, const char *words)
{
	return search->raised && strstr(search->traceback.exception, words);
}

static bool changed_during(struct search *search)
{
	bool sorting = says(search, "modified during sort");
	struct triple triple;
	struct thing thing;
	struct calls calls;

	if (sorting) {
		const struct section *call = thing_last(search, search->lane);
		const struct section *other =
			call ? sections_between(search->sections, call->object, call->lane, 0,
						call->begin, search->history->events_n)
			     : NULL;

		if (!other)
			return false;
		thing = thing_of(search, call);
		pattern_say(search, PATTERN_MUTATION,
			    "%L was at work on %O at %P when %L changed it, at %P.", call->lane,
			    thing.object, pattern_place(search, call, 1), other->lane,
			    pattern_place(search, other, 1));
		pattern_show_section(search, call, "");
		pattern_show_section(search, other, "changes it meanwhile");
		return true;
	}
	if (!says(search, "changed size during iteration") &&
	    !says(search, "changed during iteration") && !says(search, "mutated during iteration"))
		return false;
	if (!find(search, &triple, went_on))
		return false;
	thing = thing_of(search, triple.first);
	thing_calls(&calls, search, triple.first, triple.second);
	pattern_say(search, PATTERN_MUTATION, "%L went through %O at %P when %L changed it, at %P.",
		    triple.first->lane, thing.object, calls.second, triple.other->lane,
		    pattern_place(search, triple.other, 1));
	show(search, &triple, "", "changes it meanwhile", "");
	return true;
}

/* A generator runs in one thread at a time. */
static bool entered_twice(struct search *search)
{
	const struct section *second, *first;

	if (!says(search, "generator already executing"))
		return false;
	second = thing_last(search, search->lane);
	first = second ? sections_between(search->sections, second->object, second->lane, 0, 0,
					  second->begin)
		       : NULL;
	if (!first)
		return false;
	pattern_say(search, PATTERN_ATOMICITY,
		    "generator already executing: %L had entered %O at %P and was still in it when "
		    "%L came to it at %P.",
		    first->lane, first->object, pattern_place(search, first, 1), second->lane,
		    pattern_place(search, second, 1));
	pattern_show_section(search, first, "is still in it");
	pattern_show_section(search, second, "comes in, too");
	pattern_show_failure(search);
	return true;
}

/* Who overwrites what another has written in the same way says enough, whatever else is proven. */
static bool find_alike(struct search *search, struct triple *triple)
{
	bool exactly = search->exactly, found = find(search, triple, both_alike);

	if (!found && exactly) {
		search->exactly = false;
		found = find(search, triple, both_alike);
		search->exactly = true;
	}
	return found;
}

/* What Python itself has noticed, and said. */
bool pattern_noticed(struct search *search)
{
	return search->raised && (changed_during(search) || entered_twice(search));
}

bool pattern_variable(struct search *search, bool exactly)
{
	struct triple triple;
	bool found = true;

	if (!thing_any(search) ||
	    (exactly && (search->first == HISTORY_NONE || search->second == HISTORY_NONE)))
		return false;
	search->exactly = exactly;
	if (find_alike(search, &triple))
		say_both(search, &triple);
	else if (pattern_variables(search))
		;
	else if (find(search, &triple, overwrites))
		say_overwritten(search, &triple);
	else if (find(search, &triple, no_order))
		say_between(search, &triple);
	else
		found = pattern_memo(search) ||
			(exactly ? pattern_variable_order(search) : pattern_both_acted(search));
	search->exactly = false;
	return found;
}
