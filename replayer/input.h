/*
 * What came in from the outside, told from the answers of a trace: calls by name, files and
 * endpoints with their bytes, which files a replay needs because they are kept by reference, and
 * classes of what one may not want to send away. One pass, no bytes are kept. For info and pack.
 *
 *	input_init(&input);
 *	input_add(&input, &line.answer);	each answer of the trace, in order
 *	for (thing = input.things; thing; thing = thing->hh.next) ...
 *	input_fini(&input);
 */
#ifndef REPLAYER_INPUT_H
#define REPLAYER_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

#include "formats/trace_lines.h"
#include "replayer/children.h"
#include "replayer/secrets.h"

enum input_sort {
	INPUT_FILE,
	INPUT_ENDPOINT, /* the other end of a socket: "127.0.0.1:5432", "unix:/run/x" */
	INPUT_STDIN,
};

struct input_thing {
	uint64_t in, out; /* bytes that came in and were sent */
	bool reference;   /* bytes of it are looked up in the file itself */
	enum input_sort sort;
	UT_hash_handle hh;
	char name[]; /* as the program said it; not clean */
};

enum { INPUT_CALLS = 1024 };

struct input_descriptor;

struct input {
	uint64_t calls, in, out;
	uint64_t asked;      /* of the calls: questions of the runtime */
	uint64_t redacted;   /* answers with bytes that were overwritten */
	uint64_t references; /* files that a replay needs */
	struct {
		uint64_t calls, in;
	} by_call[INPUT_CALLS];     /* by number; [INPUT_CALLS - 1]: unknown ones */
	struct input_thing *things; /* in order of the first use */
	struct children children;
	struct secrets secrets;
	uint64_t homes; /* names and contents with a home directory in them */
	uint64_t users; /* answers that tell users: their ids, /etc/passwd */
	uint64_t hosts; /* answers that tell the host's name */
	struct input_descriptor *descriptors;
};

void input_init(struct input *input);
void input_fini(struct input *input);
void input_add(struct input *input, const struct trace_answer *answer);

/* How many things of a sort there are. */
uint64_t input_count(const struct input *input, enum input_sort sort);

#endif
