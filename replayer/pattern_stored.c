/*
 * What a library keeps in a file for an interpreted program, as a database does: a line of the
 * program's that reads it and a later one that changes it, with another thread's change in between.
 * Files that a program itself reads and writes are pattern_access.c.
 */
#include <string.h>

#include "replayer/pattern_thing.h"

enum { BACK = 64 }; /* of a lane's accesses to the file that are looked at */

/* Code of a library did it, called by the interpreter: not the interpreter itself. */
static bool by_library(const struct search *search, const struct section *section)
{
	const struct trace_names *names = search->history->file->names;
	const struct trace_context *stack =
		trace_names_context(names, pattern_context(search, section));
	const struct trace_location *location;
	const struct trace_module *module;
	uint32_t i;

	for (i = 0; stack && i < stack->frames_n; i++) {
		location = trace_names_location(names, stack->frames[i]);
		if (!location || !location->module)
			return false;
		module = trace_names_module(names, location->module);
		if (location->user && module && !module->main &&
		    !strstr(module->path, "/libpython"))
			return true;
	}
	return false;
}

static bool is_file(const struct search *search, const struct section *section)
{
	const struct trace_object *object =
		trace_names_object(search->history->file->names, section->object);

	return section->single && !section->variable && object &&
	       strncmp(object->id, "file:", 5) == 0 && by_library(search, section);
}

static bool is_read(const struct search *search, const struct section *section)
{
	return search->history->events[section->begin].kind == EVENT_READ;
}

static bool same_line(const struct search *search, const struct section *a, const struct section *b)
{
	return sections_same_place(search->history, pattern_context(search, a),
				   pattern_context(search, b), 1);
}

static bool is_wanted(const struct search *search, struct triple *triple)
{
	return triple_preempted(search, triple) && is_file(search, triple->other);
}

/* The other lane has read it at the same line, before the lane changed it. */
static void find_other_first(const struct search *search, struct triple *triple)
{
	const struct section *read = triple->other;

	while ((read = sections_previous(search->sections, read)))
		if (is_read(search, read) && same_line(search, read, triple->first))
			break;
	triple->other_first = read;
}

static bool find(const struct search *search, struct triple *triple)
{
	const struct sections *sections = search->sections;
	size_t i;
	int back;

	for (i = sections->count; i-- > 0;) {
		triple->second = triple->first = &sections->items[i];
		if (triple->second->reads || !is_file(search, triple->second))
			continue;
		for (back = 0; back < BACK; back++) {
			triple->first = sections_previous(sections, triple->first);
			if (!triple->first)
				break;
			if (!is_read(search, triple->first) ||
			    same_line(search, triple->first, triple->second) ||
			    !thing_same_call(search, triple->first, triple->second) ||
			    !triple_find_other(search, triple, false, is_wanted))
				continue;
			find_other_first(search, triple);
			return true;
		}
	}
	return false;
}

bool pattern_stored(struct search *search)
{
	struct triple triple = { 0 };
	struct calls calls;
	bool check;

	if (!search->history->interpreted || !find(search, &triple))
		return false;
	thing_calls(&calls, search, triple.first, triple.second);
	check = thing_is_check(search, triple.first, triple.second);
	if (triple.other_first)
		pattern_say(search, check ? PATTERN_CHECK_THEN_ACT : PATTERN_LOST_UPDATE,
			    "%L and %L both %S %O at %P before either %S at %P.",
			    triple.first->lane, triple.other->lane, check ? "looked into" : "read",
			    triple.second->object, calls.first, check ? "acted" : "wrote it back",
			    calls.second);
	else
		pattern_say(search, check ? PATTERN_CHECK_THEN_ACT : PATTERN_LOST_UPDATE,
			    "%L %S %O at %P and %S at %P; %L had changed it in between, at %P.",
			    triple.first->lane, check ? "looked into" : "read",
			    triple.second->object, calls.first, check ? "acted" : "wrote it back",
			    calls.second, triple.other->lane,
			    pattern_place(search, triple.other, 1));
	triple_show(search, &triple, check ? "looks" : "reads", check ? "acts" : "writes back",
		    "goes by what was so before");
	return true;
}
