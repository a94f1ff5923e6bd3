/*
 * Uncaught exceptions of CPython, from what it prints to standard error: whether a thread or the
 * program itself ended by one, which, and where. Not a parser of Python: it goes by the lines that
 * Lib/traceback.py and threading.excepthook write, in any of their versions.
 *
 *	struct traceback found;
 *
 *	if (traceback_find(&found, errors, size))
 *		puts(found.exception);		"KeyError: 'tea'"
 */
#ifndef RECORDER_TRACEBACK_H
#define RECORDER_TRACEBACK_H

#include <stdbool.h>
#include <stddef.h>

struct traceback {
	bool in_thread;      /* else the program as a whole ended by it, if it ended by one */
	char thread[64];     /* "Thread-1 (deposit)"; "" when it has no name */
	char exception[200]; /* type and first line of the message, not neutralised */
	/* The innermost place outside of libraries, else the innermost: base name of the file. */
	char file[128], function[128];
	unsigned line;
};

/*
 * The first exception that ended a thread, else the last one that was printed. One that was only
 * ignored (in a finaliser) is none. Cut texts are understood as far as they go; false: there is
 * nothing.
 */
bool traceback_find(struct traceback *found, const char *text, size_t size);

/* "KeyError", the length of the type in `exception`. */
size_t traceback_type(const struct traceback *traceback);

/* The line "Fatal Python error: ..." in the text, `*length` bytes; NULL: there is none. */
const char *traceback_fatal(const char *text, size_t size, size_t *length);

#endif
