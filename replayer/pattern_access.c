/*
 * A verdict over the whole run was wrong: two accesses of one lane that should have been one, and
 * what another lane did in between. An access is a critical section (replayer/sections.h), of which
 * the trace says who, where, under which lock, and when.
 */
#include <string.h>

#include "replayer/pattern_triple.h"
#include "replayer/snippet.h"

/* A file may be read several times on the way to what is written: so far back. */
enum { READS = 64 };

static bool is_file_name(const char *name)
{
	return name && strncmp(name, "file:", 5) == 0 && strncmp(name, "file:/dev/", 10) != 0;
}

/* A file, by its name or its id. */
static bool named_file(const struct search *search, uint32_t number)
{
	const struct trace_object *object =
		trace_names_object(search->history->file->names, number);

	return object && (is_file_name(object->id) || is_file_name(object->name));
}

/* What is done to a file that is not changed, and what it is to change it then. */
static const char *file_verb(const struct search *search, const struct section *section)
{
	unsigned kind = search->history->events[section->begin].kind;

	return kind == EVENT_READ ? "read" : kind == EVENT_FILE_OPEN ? "opened" : "looked for";
}

static const char *change_verb(const struct search *search, const struct section *section)
{
	return search->history->events[section->begin].kind == EVENT_FILE_STAT ? "changed"
									       : "wrote";
}

/*
 * The other lane did the same two, its first before either's second one: both go by what was there
 * before, and one undoes what the other did.
 */
static bool both_alike(const struct search *search, struct triple *triple)
{
	const struct history *history = search->history;
	const struct section *other_first = sections_previous(search->sections, triple->other);
	unsigned reads = 0;

	if (triple->other->reads ||
	    !sections_same_place(history, pattern_context(search, triple->other),
				 pattern_context(search, triple->second), triple->depth))
		return false;
	while (other_first &&
	       !sections_same_place(history, pattern_context(search, other_first),
				    pattern_context(search, triple->first), triple->depth))
		other_first = triple->first->single && other_first->reads && reads++ < READS
				      ? sections_previous(search->sections, other_first)
				      : NULL;
	triple->other_first = other_first;
	return other_first != NULL;
}

/* The same, and the first is no assignment, as far as the source is there. */
static bool reads_alike(const struct search *search, struct triple *triple)
{
	return both_alike(search, triple) && !snippet_assigns(search->history, triple->first);
}

/*
 * The lines differ, where it is an interpreted program that has lines: its instructions are places
 * of their own, and a library may take a lock several times for one call.
 */
static bool different_lines(const struct search *search, const struct triple *triple)
{
	const struct trace_names *names = search->history->file->names;
	const struct trace_location *first =
		trace_names_location(names, pattern_place(search, triple->first, triple->depth));
	const struct trace_location *second =
		trace_names_location(names, pattern_place(search, triple->second, triple->depth));

	return !search->history->interpreted || !first || !second ||
	       first->source.line != second->source.line;
}

/* May these be two halves of an update? */
static bool are_halves(const struct search *search, const struct section *first,
		       const struct section *second, bool io)
{
	if (second->single != io || second->wait != HISTORY_NONE || first->waits || second->reads ||
	    first->end == HISTORY_NONE)
		return false;
	return !io || (first->request && second->request) ||
	       (first->reads && named_file(search, second->object));
}

/* The last two sections of a lane on one object, at different places, with another between. */
static bool find_triple(const struct search *search, struct triple *triple, bool io, bool exactly,
			triple_wanted *wanted)
{
	const struct section *first, *second;
	unsigned reads;
	size_t i;

	for (i = search->sections->count; i-- > 0;) {
		second = &search->sections->items[i];
		first = sections_previous(search->sections, second);
		for (reads = 0; first && are_halves(search, first, second, io) && reads < READS;
		     reads++) {
			triple->first = first;
			triple->second = second;
			triple->depth = sections_depth(search->history,
						       pattern_context(search, first),
						       pattern_context(search, second));
			if (triple->depth && different_lines(search, triple) &&
			    triple_find_other(search, triple, exactly, wanted))
				return true;
			if (!io || first->request)
				break;
			first = sections_previous(search->sections, first);
		}
	}
	return false;
}

static void say_both(struct search *search, const struct triple *triple)
{
	uint32_t first = pattern_place(search, triple->first, triple->depth);
	uint32_t second = pattern_place(search, triple->second, triple->depth);
	bool one_step = snippet_updates_in_place(search->history, triple->second) ||
			snippet_decides(search->history, triple->first, triple->second);
	bool other_first = triple->other_first->begin < triple->first->begin;
	uint32_t one = other_first ? triple->other->lane : triple->first->lane;
	uint32_t two = other_first ? triple->first->lane : triple->other->lane;

	if (triple->second->request) {
		pattern_say(search, PATTERN_IO_RACE,
			    "%L and %L both sent a request to %O at %P before either sent the next "
			    "one at %P.",
			    one, two, triple->second->object, first, second);
		triple_show(search, triple, "", "", "goes by the answer from before");
		return;
	}
	if (triple->second->single) {
		pattern_say(search, PATTERN_IO_RACE,
			    "%L and %L both %S %O at %P before either %S it at %P.", one, two,
			    file_verb(search, triple->first), triple->second->object, first,
			    change_verb(search, triple->first), second);
		triple_show(search, triple, "", "", "goes by what it saw before");
		return;
	}
	if (snippet_assigns(search->history, triple->first)) {
		pattern_say(search, PATTERN_ATOMICITY,
			    "%L and %L both changed something under %O at %P before either came to "
			    "%P.",
			    one, two, triple->second->object, first, second);
		triple_show(search, triple, "one half", "the other half", "of another change");
		return;
	} else if (one_step) {
		pattern_say(search, PATTERN_CHECK_THEN_ACT,
			    "%L and %L both looked under %O at %P before either acted at %P.", one,
			    two, triple->second->object, first, second);
	} else {
		pattern_say(search, PATTERN_LOST_UPDATE,
			    "%L and %L both read under %O at %P before either wrote back at %P.",
			    one, two, triple->second->object, first, second);
	}
	triple_show(search, triple, one_step ? "looks" : "reads", one_step ? "acts" : "writes back",
		    one_step ? "acts on what was so before" : "and overwrites that");
}

bool pattern_io_race(struct search *search)
{
	bool exactly = search->first != HISTORY_NONE && search->second != HISTORY_NONE;
	struct triple triple = { 0 };

	if (!find_triple(search, &triple, true, exactly, both_alike) &&
	    (!exactly || !find_triple(search, &triple, true, false, both_alike)))
		return false;
	say_both(search, &triple);
	return true;
}

static void say_write_between(struct search *search, const struct triple *triple)
{
	pattern_say(search, PATTERN_IO_RACE,
		    "%L wrote %O at %P after %L had read it (%P) and before %L wrote it back (%P).",
		    triple->other->lane, triple->other->object,
		    pattern_place(search, triple->other, 1), triple->first->lane,
		    pattern_place(search, triple->first, triple->depth), triple->first->lane,
		    pattern_place(search, triple->second, triple->depth));
	triple_show(search, triple, "reads", "comes between", "writes back");
}

static void say_request_between(struct search *search, const struct triple *triple)
{
	pattern_say(search, PATTERN_IO_RACE,
		    "%L sent a request to %O at %P between those of %L at %P and at %P.",
		    triple->other->lane, triple->other->object,
		    pattern_place(search, triple->other, 1), triple->first->lane,
		    pattern_place(search, triple->first, triple->depth),
		    pattern_place(search, triple->second, triple->depth));
	triple_show(search, triple, "", "comes between", "goes by the answer from before");
}

/* A verdict over the whole run was wrong: the last two accesses that came apart. */
static bool find_interleaved(struct search *search)
{
	bool exactly = search->first != HISTORY_NONE && search->second != HISTORY_NONE;
	struct triple triple = { 0 };

	do {
		if (find_triple(search, &triple, true, exactly, both_alike) ||
		    find_triple(search, &triple, false, exactly, reads_alike) ||
		    find_triple(search, &triple, false, exactly, both_alike)) {
			say_both(search, &triple);
			return true;
		}
		if (find_triple(search, &triple, true, exactly, triple_any)) {
			if (triple.second->request)
				say_request_between(search, &triple);
			else
				say_write_between(search, &triple);
			return true;
		}
		if (find_triple(search, &triple, false, exactly, triple_preempted)) {
			pattern_say(search, PATTERN_ATOMICITY,
				    "%L had %O at %P between two critical sections of %L, which "
				    "was at %P before and at %P after.",
				    triple.other->lane, triple.other->object,
				    pattern_place(search, triple.other, 1), triple.first->lane,
				    pattern_place(search, triple.first, triple.depth),
				    pattern_place(search, triple.second, triple.depth));
			triple_show(search, &triple, "", "comes between", "");
			return true;
		}
	} while (exactly && !(exactly = false));
	return false;
}

bool pattern_interleaved(struct search *search)
{
	enum { MANY = 50 };

	if (!find_interleaved(search))
		return false;
	if (search->history->preemptions > MANY && search->first == HISTORY_NONE)
		pattern_add(search,
			    " This is the last such place among %N preemptions: a "
			    "minimised run would say more.",
			    search->history->preemptions);
	return true;
}
