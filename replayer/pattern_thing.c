/*
 * Looks at single accesses to variables.
 */
#include "replayer/pattern_thing.h"

#include <string.h>

#include "replayer/snippet.h"

enum { FRAMES = 4 }; /* of the user's code that are compared */

static const struct history_event *event_of(const struct search *search,
					    const struct section *section)
{
	return &search->history->events[section->begin];
}

/* Length of "['tea']" in "['tea'] = 3"; 0: the text names no item. */
static size_t key_length(const struct search *search, const struct section *section)
{
	const char *text = event_of(search, section)->text, *end;

	if (!text || *text != '[' ||
	    history_kind(search->history, section->object) != OBJECT_CONTAINER)
		return 0;
	end = strstr(text, "] = ");
	if (end)
		return (size_t)(end - text) + 1;
	end = strrchr(text, ']');
	return end && !end[1] ? (size_t)(end - text) + 1 : 0;
}

bool thing_has_key(const struct search *search, const struct section *section)
{
	return key_length(search, section) > 0;
}

struct thing thing_of(const struct search *search, const struct section *section)
{
	struct thing thing = { .object = section->object };
	size_t length = key_length(search, section);

	if (length && length < sizeof(thing.key))
		memcpy(thing.key, event_of(search, section)->text, length);
	return thing;
}

bool thing_same(const struct search *search, const struct section *a, const struct section *b)
{
	size_t of_a = key_length(search, a), of_b = key_length(search, b);

	if (a->object != b->object)
		return false;
	return !of_a || !of_b ||
	       (of_a == of_b &&
		memcmp(event_of(search, a)->text, event_of(search, b)->text, of_a) == 0);
}

const struct section *thing_previous(const struct search *search, const struct section *section)
{
	const struct section *previous = section;

	do
		previous = sections_previous(search->sections, previous);
	while (previous && !thing_same(search, previous, section));
	return previous;
}

const struct section *thing_last(const struct search *search, uint32_t lane)
{
	size_t i;

	for (i = search->sections->count; i-- > 0;)
		if (search->sections->items[i].variable && search->sections->items[i].lane == lane)
			return &search->sections->items[i];
	return NULL;
}

bool thing_any(const struct search *search)
{
	size_t i;

	for (i = 0; i < search->sections->count; i++)
		if (search->sections->items[i].variable)
			return true;
	return false;
}

const struct section *thing_lock(const struct search *search, const struct section *section)
{
	return section->under == HISTORY_NONE ? NULL : &search->sections->items[section->under];
}

static const struct trace_location *frame(const struct search *search,
					  const struct section *section, unsigned depth)
{
	return trace_names_location(search->history->file->names,
				    sections_frame(search->history,
						   event_of(search, section)->context, depth));
}

static bool same_function(const struct trace_location *a, const struct trace_location *b)
{
	return a && b && a->source.function && b->source.function && a->source.file &&
	       b->source.file && strcmp(a->source.function, b->source.function) == 0 &&
	       strcmp(a->source.file, b->source.file) == 0;
}

/* The callers are the same, as far as the stacks go. */
static bool same_caller(const struct search *search, const struct section *first, unsigned a,
			const struct section *second, unsigned b)
{
	uint32_t of_a = sections_frame(search->history, event_of(search, first)->context, a + 1);
	uint32_t of_b = sections_frame(search->history, event_of(search, second)->context, b + 1);

	return !of_a || !of_b || of_a == of_b;
}

/* How deep the innermost function that both are in is, in each stack. */
static bool common(const struct search *search, const struct section *first,
		   const struct section *second, unsigned *of_first, unsigned *of_second)
{
	unsigned sum, a;

	for (sum = 0; sum <= 2 * (FRAMES - 1); sum++)
		for (a = 0; a <= sum && a < FRAMES; a++)
			if (sum - a < FRAMES &&
			    same_function(frame(search, first, a),
					  frame(search, second, sum - a)) &&
			    same_caller(search, first, a, second, sum - a)) {
				*of_first = a;
				*of_second = sum - a;
				return true;
			}
	return false;
}

void thing_calls(struct calls *calls, const struct search *search, const struct section *first,
		 const struct section *second)
{
	unsigned a, b;

	*calls = (struct calls){ 0 };
	if (!common(search, first, second, &a, &b)) {
		calls->first = pattern_place_at(search, first->begin);
		calls->second = pattern_place_at(search, second->begin);
		return;
	}
	calls->function = frame(search, first, a);
	calls->first = sections_frame(search->history, event_of(search, first)->context, a);
	calls->second = sections_frame(search->history, event_of(search, second)->context, b);
}

bool thing_common_call(const struct search *search, const struct section *first,
		       const struct section *second)
{
	unsigned a, b;

	return common(search, first, second, &a, &b);
}

bool thing_same_call(const struct search *search, const struct section *first,
		     const struct section *second)
{
	const struct trace_location *from, *to;
	unsigned a, b;

	if (!common(search, first, second, &a, &b))
		return false;
	from = frame(search, first, a);
	to = frame(search, second, b);
	return to->source.line > from->source.line ||
	       (to->source.line == from->source.line && to != from && first->reads);
}

static bool begins_with(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 && strchr(" (:", line[length]);
}

static bool is_condition(const char *line)
{
	return begins_with(line, "if") || begins_with(line, "elif") || begins_with(line, "while") ||
	       begins_with(line, "assert") || strstr(line, " if ");
}

/* What was read says that there is nothing yet, or whether there is something. */
static bool found_nothing(const struct search *search, const struct section *section)
{
	const struct history_event *event = event_of(search, section);

	if (event->kind == EVENT_QUERY || !event->text)
		return true;
	return strcmp(event->text, "None") == 0 || strstr(event->text, "nothing") ||
	       strcmp(event->text, "False") == 0 || strcmp(event->text, "True") == 0 ||
	       (thing_has_key(search, section) && !strstr(event->text, "] = "));
}

bool thing_is_check(const struct search *search, const struct section *first,
		    const struct section *second)
{
	const struct trace_location *from, *to;
	char line[SNIPPET_WIDTH];
	unsigned a, b, depth;
	uint32_t number;

	if (!common(search, first, second, &a, &b))
		a = b = 0;
	for (depth = 0; depth <= a; depth++)
		if (snippet_line(search->history, frame(search, first, depth), 0, line) &&
		    is_condition(line))
			return true;
	from = frame(search, first, a);
	to = frame(search, second, b);
	if (!found_nothing(search, first) || !same_function(from, to))
		return false;
	for (number = from->source.line + 1;
	     number < to->source.line && number <= from->source.line + SNIPPET_LONGEST; number++)
		if (snippet_line(search->history, from, number, line) && is_condition(line))
			return true;
	return false;
}

void thing_show(struct search *search, const struct calls *calls, const struct section *section,
		const char *note)
{
	unsigned depth;

	for (depth = 0; depth < FRAMES; depth++)
		if (same_function(calls->function, frame(search, section, depth)))
			break;
	pattern_show_deep(search, section, depth < FRAMES ? depth : 0, note);
}
