/*
 * A function whose results are kept (functools.cached_property, functools.lru_cache and their like)
 * was called for two threads: the second came to it while the first was still in it, and nothing
 * was kept yet. That it is such a function is said by the library that called it, or by the source.
 */
#include <string.h>

#include "replayer/pattern_rules.h"
#include "replayer/snippet.h"

enum { BODY = 60, DECORATORS = 4, DEPTH = 4 }; /* lines, lines and frames that are looked at */

/* "functools.lru_cache(maxsize=None)", "cached(cache={})", "memoize" */
static bool keeps_results(const char *name)
{
	return strstr(name, "cache") || strstr(name, "memoi");
}

/* Above "def NAME(", as the source has it. */
static bool is_decorated(const struct history *history, const struct trace_location *location)
{
	const char *dot = strrchr(location->source.function, '.');
	const char *name = dot ? dot + 1 : location->source.function;
	uint32_t line = location->source.line, back;
	char text[SNIPPET_WIDTH], *at;

	for (back = 0; line > 1 && back < BODY; back++, line--) {
		if (!snippet_line(history, location, line, text))
			continue;
		at = strstr(text, "def ");
		if (at && strncmp(at + 4, name, strlen(name)) == 0 && at[4 + strlen(name)] == '(')
			break;
	}
	for (back = 0; back < DECORATORS && line > 1; back++) {
		if (!snippet_line(history, location, --line, text) || *text != '@')
			return false;
		if (keeps_results(text))
			return true;
	}
	return false;
}

/* The next frame outwards that is interpreted; NULL: none. */
static const struct trace_location *caller(const struct trace_names *names,
					   const struct trace_context *stack, uint32_t i)
{
	const struct trace_location *location;

	while (++i < stack->frames_n) {
		location = trace_names_location(names, stack->frames[i]);
		if (location && !location->module && location->source.function)
			return location;
	}
	return NULL;
}

/* The innermost function around event `at` whose results are kept; NULL: none. */
static const struct trace_location *kept(const struct search *search, size_t at)
{
	const struct trace_names *names = search->history->file->names;
	uint32_t context = search->history->events[at].context, i;
	const struct trace_context *stack = trace_names_context(names, context);
	const struct trace_location *location, *by;
	unsigned depth;

	for (depth = 0; depth < DEPTH; depth++) {
		i = trace_names_user_frame(names, context, depth);
		location = i == UINT32_MAX ? NULL : trace_names_location(names, stack->frames[i]);
		if (!location || location->module || !location->source.function)
			return NULL;
		by = caller(names, stack, i);
		if ((by && !by->user && keeps_results(by->source.function)) ||
		    is_decorated(search->history, location))
			return location;
	}
	return NULL;
}

static bool same_function(const struct trace_location *a, const struct trace_location *b)
{
	return a && b && strcmp(a->source.function, b->source.function) == 0 && a->source.file &&
	       b->source.file && strcmp(a->source.file, b->source.file) == 0;
}

/* Another lane's first event in that function, from `from` to before `to`. */
static size_t comes_in(const struct search *search, const struct trace_location *function,
		       uint32_t lane, size_t from, size_t to)
{
	const struct history *history = search->history;
	size_t i;

	for (i = from; i < to && i < history->events_n; i++)
		if (history->events[i].lane != lane && history->events[i].context &&
		    same_function(kept(search, i), function))
			return i;
	return HISTORY_NONE;
}

/* Of a preemption: where the lane stood when it was taken off, and where another came in. */
static const struct trace_location *overlaps(const struct search *search,
					     const struct history_choice *choice, size_t *stands,
					     size_t *other)
{
	const struct history *history = search->history;
	const struct trace_location *function;
	size_t back = history_find(history, choice->lane, choice->k);

	if (back == HISTORY_NONE)
		return NULL;
	*stands = choice->at < history->events_n && history->events[choice->at].lane == choice->lane
			  ? choice->at
			  : back;
	function = kept(search, *stands);
	if (!function)
		return NULL;
	*other = comes_in(search, function, choice->lane, choice->at,
			  history->events[back].phase == PHASE_DONE ? back : history->events_n);
	return *other == HISTORY_NONE ? NULL : function;
}

bool pattern_memo(struct search *search)
{
	const struct history *history = search->history;
	const struct trace_location *function = NULL;
	size_t i, stands, other;

	for (i = history->interpreted ? history->choices_n : 0; i-- > 0 && !function;)
		if (history->choices[i].preemption)
			function = overlaps(search, &history->choices[i], &stands, &other);
	if (!function)
		return false;
	pattern_say(search, PATTERN_CHECK_THEN_ACT,
		    "threads %L and %L both called %K, as no result of it was kept yet: %L was "
		    "still in it when %L came to %P.",
		    history->events[stands].lane, history->events[other].lane,
		    function->source.function, history->events[stands].lane,
		    history->events[other].lane, pattern_place_at(search, other));
	pattern_show(search, stands, "is still in it");
	pattern_show(search, other, "comes in, too");
	pattern_show_failure(search);
	return true;
}
