/*
 * A condition of an interpreted program that nobody has ever notified: the lane that should have
 * looked whether it is time to, and was too early.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "replayer/pattern_thing.h"
#include "replayer/pattern_waiter.h"
#include "replayer/snippet.h"

enum { BELOW = 3, NAME = 64 }; /* lines below a condition */

/* "Service.idle" is called "idle" where it is used. */
static bool short_name(const struct search *search, uint32_t object, char *name)
{
	const char *dot;
	struct text text;
	char full[NAME];

	text_init(&text, full, sizeof(full));
	naming_object(search->history->file->naming, &text,
		      history_called(search->history, object));
	dot = strrchr(full, '.');
	snprintf(name, NAME, "%s", dot ? dot + 1 : full);
	return *name && !strpbrk(name, " []()#/");
}

static bool notifies(const char *line, const char *name)
{
	static const char *const calls[] = { ".set(", ".notify(", ".notify_all(" };
	const char *at = line;
	size_t i;

	while ((at = strstr(at, name))) {
		bool whole = at == line || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');

		at += strlen(name);
		for (i = 0; whole && i < sizeof(calls) / sizeof(*calls); i++)
			if (strncmp(at, calls[i], strlen(calls[i])) == 0)
				return true;
	}
	return false;
}

/* The line below the look at which the condition would be notified; 0: it is no such look. */
static uint32_t notifies_below(const struct search *search, const struct section *look,
			       const char *name)
{
	const struct trace_location *location = trace_names_location(
		search->history->file->names, pattern_place_at(search, look->begin));
	char line[SNIPPET_WIDTH];
	uint32_t number;

	if (!snippet_line(search->history, location, 0, line) ||
	    (strncmp(line, "if ", 3) != 0 && strncmp(line, "elif ", 5) != 0))
		return 0;
	for (number = location->source.line + 1; number <= location->source.line + BELOW; number++)
		if (snippet_line(search->history, location, number, line) && notifies(line, name))
			return number;
	return 0;
}

/* What the waiting lane has done to the thing after the other one's look at it, before it waits. */
static const struct section *changed_later(const struct search *search, const struct section *look,
					   const struct waiter *waiter)
{
	const struct section *change = NULL;
	size_t to = waiter->wait->wait;

	do {
		change = sections_between(search->sections, look->object, 0, waiter->wait->lane,
					  look->begin, to);
		to = change ? change->begin : 0;
	} while (change && change->reads);
	return change;
}

bool waiter_looked_too_early(struct search *search, const struct waiter *waiter)
{
	const struct history *history = search->history;
	const struct section *look, *change;
	char name[NAME];
	uint32_t line;
	size_t i;

	if (!history->interpreted ||
	    wakeups_signal(search->wakeups, waiter->wait->object, history->events_n) !=
		    HISTORY_NONE ||
	    !short_name(search, waiter->wait->object, name))
		return false;
	for (i = search->sections->count; i-- > 0;) {
		look = &search->sections->items[i];
		if (!look->variable || !look->reads || look->lane == waiter->wait->lane)
			continue;
		change = changed_later(search, look, waiter);
		line = change ? notifies_below(search, look, name) : 0;
		if (!line)
			continue;
		pattern_say(search, PATTERN_LOST_WAKEUP,
			    "%L looked at %O at %P before %L changed it at %P, and so did not "
			    "notify %O in line %N; %L waits for that at %P, and nobody else does.",
			    look->lane, look->object, pattern_place(search, look, 1), change->lane,
			    pattern_place(search, change, 1), waiter->wait->object, (uint64_t)line,
			    waiter->wait->lane, pattern_place_at(search, waiter->wait->wait));
		pattern_show_section(search, look, "too early: does not notify");
		pattern_show_section(search, change, "");
		pattern_show(search, waiter->wait->wait, "waits for ever");
		return true;
	}
	return false;
}
