/*
 * Reads call stacks of interpreted code, see library.h.
 */
#include "recorder/library.h"

#include <string.h>

static bool is_file(const struct trace_location *location, const char *base)
{
	const char *path = location->source.file ? location->source.file : "";
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, base) == 0;
}

/* As Lib/threading.py of CPython 3.11 to 3.13 has them. */
static const struct {
	const char *function;
	unsigned use;
} uses[] = {
	{ "Condition.wait", LIBRARY_WAIT },
	{ "Condition.notify", LIBRARY_NOTIFY },
	{ "Condition.notify_all", LIBRARY_NOTIFY_ALL },
	{ "Condition._is_owned", LIBRARY_ASKS_OWNER },
	{ "Thread.join", LIBRARY_JOIN },
	{ "Thread._wait_for_tstate_lock", LIBRARY_JOIN },
	{ "Thread.start", LIBRARY_LIFE },
	{ "Thread.is_alive", LIBRARY_LIFE },
	{ "Thread._set_tstate_lock", LIBRARY_SENTINEL | LIBRARY_LIFE },
	{ "Thread._bootstrap_inner", LIBRARY_LIFE },
	{ "Thread._bootstrap", LIBRARY_LIFE },
	{ "_shutdown", LIBRARY_JOIN },
};

static unsigned use_of(const struct trace_location *location)
{
	size_t i;

	if (!is_file(location, "threading.py"))
		return 0;
	for (i = 0; i < sizeof(uses) / sizeof(*uses); i++)
		if (strcmp(uses[i].function, location->source.function) == 0)
			return uses[i].use;
	return 0;
}

/* Thread.run stands between what the library does for itself and what the thread is for. */
static bool is_run(const struct trace_location *location)
{
	return is_file(location, "threading.py") &&
	       strcmp(location->source.function, "Thread.run") == 0;
}

unsigned library_use(const struct trace_names *names, uint32_t context)
{
	const struct trace_context *stack = trace_names_context(names, context);
	const struct trace_location *location;
	unsigned use = LIBRARY_NOTHING;
	uint32_t i;

	for (i = 0; stack && i < stack->frames_n; i++) {
		location = trace_names_location(names, stack->frames[i]);
		if (!library_is_interpreted(location))
			continue;
		use &= ~(unsigned)LIBRARY_NOTHING;
		if (location->user || is_run(location))
			break;
		use |= use_of(location);
	}
	/* A join also looks after the thread that has ended, a start waits until one has begun. */
	if (use & LIBRARY_JOIN && !(use & LIBRARY_WAIT))
		use &= ~(unsigned)LIBRARY_LIFE;
	return use;
}

const struct trace_location *library_user(const struct trace_names *names, uint32_t context)
{
	const struct trace_context *stack = trace_names_context(names, context);
	const struct trace_location *location;
	uint32_t i;

	for (i = 0; stack && i < stack->frames_n; i++) {
		location = trace_names_location(names, stack->frames[i]);
		if (library_is_interpreted(location) && location->user)
			return location;
	}
	return NULL;
}

const char *library_call(const struct trace_names *names, uint32_t context)
{
	const struct trace_context *stack = trace_names_context(names, context);
	const struct trace_location *location;
	const char *call = NULL;
	uint32_t i;

	for (i = 0; stack && i < stack->frames_n; i++) {
		location = trace_names_location(names, stack->frames[i]);
		if (!library_is_interpreted(location))
			continue;
		if (location->user || is_run(location))
			break;
		call = location->source.function;
	}
	return call;
}

static bool begins_with_any(const char *call, const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; call && i < count; i++)
		if (strncmp(call, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

bool library_synchronises(const char *call)
{
	/* dict.clear() is no synchronisation, Event.set() is. */
	static const char *const names[] = { ".wait(",       ".wait_for(", ".notify(",
					     ".notify_all(", ".acquire(",  ".release(",
					     ".__enter__(",  ".__exit__(", ".start(",
					     ".join(",       ".set()",     ".task_done()" };

	return begins_with_any(call, names, sizeof(names) / sizeof(*names));
}

bool library_looks(const char *call)
{
	static const char *const names[] = { ".empty()",  ".full()",     ".qsize()", ".is_set()",
					     ".locked()", ".is_alive()", ".done()",  ".running()" };

	return begins_with_any(call, names, sizeof(names) / sizeof(*names));
}

bool library_may_time_out(const char *function)
{
	static const char *const names[] = { "Condition.wait", "Condition.wait_for",
					     "Event.wait",     "Semaphore.acquire",
					     "Thread.join",    "wait" };
	size_t i;

	for (i = 0; function && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(function, names[i]) == 0)
			return true;
	return false;
}
