/*
 * --redact: what matches a pattern is overwritten with asterisks before it is written into a trace,
 * so lengths stay. In what a system call brought in or sent, in values of variables, arguments and
 * environment values of the program, and its standard error; not in names of files and functions,
 * which a replay compares.
 *
 *	redact = redact_new(patterns, count, &err);	count 0: NULL without an error
 *	trace_sink_redact(sink, redact);
 *	redact_header(redact, header);
 *	redact_outcome(redact, outcome);
 *	redact_free(redact);
 *
 * Patterns are extended regular expressions over bytes; `.` is neither the end of a line nor NUL.
 * All functions take NULL for "nothing is redacted".
 */
#ifndef RECORDER_REDACT_H
#define RECORDER_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "formats/err.h"

struct redact;

/* NULL with `err` set (EINVAL) when a pattern is wrong. */
struct redact *redact_new(const char *const *patterns, unsigned count, struct err *err);

/* As the header of a trace says; NULL: it says nothing, or nothing that can be understood. */
struct redact *redact_of_header(const cJSON *header);
void redact_free(struct redact *redact);

/* Returns whether anything was overwritten. */
bool redact_bytes(struct redact *redact, void *bytes, size_t length);

/* Arguments and environment; the header says which patterns there are. */
void redact_header(struct redact *redact, cJSON *header);

/* Standard error and the messages that were taken from it. */
void redact_outcome(struct redact *redact, cJSON *outcome);

#endif
