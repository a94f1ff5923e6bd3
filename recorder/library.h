/*
 * What the standard library of an interpreter does with locks, by the functions in call stacks:
 * CPython makes conditions, events, queues and joins of plain locks (Lib/threading.py), whose
 * events say nothing by themselves. Names in a trace, no knowledge of objects.
 *
 *	if (library_use(names, event.context) & LIBRARY_WAIT)
 *		printf("in %s\n", library_call(names, event.context));	"Queue.get"
 */
#ifndef RECORDER_LIBRARY_H
#define RECORDER_LIBRARY_H

#include <stdbool.h>

#include "formats/trace_names.h"

enum library_use {
	LIBRARY_WAIT = 1,       /* Condition.wait */
	LIBRARY_NOTIFY = 2,     /* Condition.notify ... */
	LIBRARY_NOTIFY_ALL = 4, /* ... of each waiter */
	LIBRARY_ASKS_OWNER = 8, /* tries for a lock only to see whether somebody has it */
	LIBRARY_JOIN = 16,      /* Thread.join */
	LIBRARY_LIFE = 32,      /* the library's own business when a thread begins and ends */
	LIBRARY_SENTINEL = 64,  /* a new thread takes the lock that stands for its life */
	LIBRARY_NOTHING = 128,  /* no interpreted code at all: the interpreter's own business */
};

/* Bits of what the library is doing there for the innermost code of the user. */
unsigned library_use(const struct trace_names *names, uint32_t context);

/*
 * The library's function that the user's code called, or in a thread without any the outermost one
 * that runs there; NULL: the user's code is innermost, or nothing is interpreted there.
 */
const char *library_call(const struct trace_names *names, uint32_t context);

/* The innermost place of the user's code; NULL: there is none. */
const struct trace_location *library_user(const struct trace_names *names, uint32_t context);

/*
 * What the call of a method does with the object, by its name as in the text of an event,
 * ".notify()": only that of synchronisation, or only a look at it.
 */
bool library_synchronises(const char *call);
bool library_looks(const char *call);

/* Waits that may end by their time-out, and only say so: the user's code has to look. */
bool library_may_time_out(const char *function);

/* A place of interpreted code. */
static inline bool library_is_interpreted(const struct trace_location *location)
{
	return location && !location->module && location->source.function;
}

#endif
