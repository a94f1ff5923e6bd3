/*
 * Which thread an exception has ended, and where: the traceback says a place, and perhaps a name;
 * the trace says which lane was there last.
 */
#include <stdlib.h>
#include <string.h>

#include "recorder/fields.h"
#include "recorder/library.h"
#include "replayer/pattern_rules.h"

/* What is behind the last dot: tracebacks have no qualified names. */
static const char *plain(const char *function)
{
	const char *dot = strrchr(function, '.');

	return dot ? dot + 1 : function;
}

/* The location is the traceback's place; `line`: the very line, not only the function. */
static bool is_place(const struct traceback *traceback, const struct trace_location *location,
		     bool line)
{
	const char *file = location && location->source.file ? location->source.file : "";
	const char *slash = strrchr(file, '/');

	return library_is_interpreted(location) &&
	       strcmp(slash ? slash + 1 : file, traceback->file) == 0 &&
	       strcmp(plain(location->source.function), traceback->function) == 0 &&
	       (!line || location->source.line == traceback->line);
}

static bool is_there(const struct search *search, size_t at, bool line)
{
	const struct trace_names *names = search->history->file->names;
	const struct trace_context *stack =
		trace_names_context(names, search->history->events[at].context);
	uint32_t i;

	for (i = 0; stack && i < stack->frames_n; i++)
		if (is_place(&search->traceback, trace_names_location(names, stack->frames[i]),
			     line))
			return true;
	return false;
}

/* "Thread-1 (deposit)" is called "deposit". */
static bool is_named(const struct search *search, uint32_t lane)
{
	const struct trace_lane *of = trace_names_lane(search->history->file->names, lane);
	const char *name = search->traceback.thread, *target = strchr(name, '(');

	if (!of || !of->name || !*of->name)
		return false;
	if (strcmp(of->name, name) == 0)
		return true;
	/* The kernel's names are short. */
	return target && strncmp(target + 1, of->name, strlen(of->name)) == 0;
}

/* The last event at the place, of lanes other than the first, or of that. */
static size_t find(const struct search *search, bool line, bool named)
{
	const struct history *history = search->history;
	size_t i;

	for (i = history->events_n; i-- > 0;)
		if ((history->events[i].lane != 1) == search->traceback.in_thread &&
		    (!named || is_named(search, history->events[i].lane)) &&
		    is_there(search, i, line))
			return i;
	return HISTORY_NONE;
}

/*
 * Where a thread began to say on standard error what has ended it: the library does so for it, when
 * nothing of the user's is left on its stack.
 */
static size_t find_words(const struct search *search)
{
	const struct history *history = search->history;
	size_t i;

	for (i = 0; i < history->events_n; i++)
		if (history->events[i].kind == EVENT_WRITE && history->events[i].lane != 1 &&
		    library_use(history->file->names, history->events[i].context) & LIBRARY_LIFE)
			return i;
	return HISTORY_NONE;
}

/* The lane's last event before `to` at the place, else in the user's code. */
static size_t last_of_user(const struct search *search, uint32_t lane, size_t to)
{
	const struct history *history = search->history;
	size_t at = to;

	while ((at = history_before(history, lane, at)) != HISTORY_NONE)
		if (is_there(search, at, true))
			return at;
	while (to != HISTORY_NONE) {
		to = history_before(history, lane, to);
		if (to != HISTORY_NONE &&
		    library_user(history->file->names, history->events[to].context))
			break;
	}
	return to;
}

/* Another thread had not ended then: it is no verdict over what they all did. */
static bool others_live(const struct search *search, size_t at)
{
	const struct history_lane *lanes = search->history->lanes;
	uint32_t lane;

	for (lane = 1; lane < search->history->lanes_end; lane++)
		if (lane != search->lane && lanes[lane].start != HISTORY_NONE &&
		    lanes[lane].start < at &&
		    (lanes[lane].end == HISTORY_NONE || lanes[lane].end > at))
			return true;
	return false;
}

bool pattern_raised(struct search *search)
{
	size_t size, at = HISTORY_NONE;
	char *errors = fields_bytes(search->outcome, "stderr", &size);
	unsigned i;

	search->raised = errors && traceback_find(&search->traceback, errors, size);
	free(errors);
	if (!search->raised)
		return false;
	if (search->traceback.in_thread && find_words(search) != HISTORY_NONE)
		at = last_of_user(search, search->history->events[find_words(search)].lane,
				  find_words(search));
	/* The line of the thread of that name, else what comes close. */
	for (i = 0; i < 4 && at == HISTORY_NONE; i++)
		at = find(search, i % 2 == 0, i < 2);
	if (at == HISTORY_NONE)
		return false;
	search->lane = search->history->events[at].lane;
	search->failure = at;
	search->in_place = search->traceback.in_thread || others_live(search, at);
	return true;
}
