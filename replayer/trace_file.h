/*
 * A trace as the commands use it: chosen, opened, its names loaded, its damage known. Not a reader
 * of its own: formats/trace_reader.h and trace_names.h do the work.
 *
 *	rc = trace_file_open(&file, options.words[0], &err);	NULL: choice_find()
 *	if (rc < 0)
 *		nothing can be read: err says why
 *	...
 *	if (file.damage.code)
 *		what was read is good up to some point; damage says why there is no more
 *	trace_file_close(&file);
 */
#ifndef REPLAYER_TRACE_FILE_H
#define REPLAYER_TRACE_FILE_H

#include <stdbool.h>

#include "formats/err.h"
#include "formats/trace_names.h"
#include "formats/trace_reader.h"
#include "recorder/naming.h"

struct trace_file {
	char *path;
	bool chosen; /* by us, not by the user: the command says which */
	struct trace_reader *reader;
	struct trace_names *names;
	struct naming *naming;
	const cJSON *header;  /* never NULL */
	const cJSON *outcome; /* NULL: the trace has none */
	struct err damage;    /* code 0: the trace is complete */
};

/* 0, or -code with `err` set and nothing to close. */
int trace_file_open(struct trace_file *file, const char *path, struct err *err);
/* All that comes in is in the trace: a replay needs nothing outside, and reaches nothing there. */
bool trace_file_is_hermetic(const struct trace_file *file);

void trace_file_close(struct trace_file *file);

/* The sentence about the damage, without the name of the file that it may begin with. */
const char *trace_file_damage(const struct trace_file *file);

#endif
