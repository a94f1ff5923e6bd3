/*
 * The child processes of a recorded program, told from the answers of its trace: which one made
 * which, what it ran, what it printed, how it ended. A replay does not run them.
 *
 *	children_add(&children, &line.answer);	each answer of the trace, in order
 *	for (i = 0; i < children.count; i++) children.child[i] ...
 *	children_fini(&children);
 */
#ifndef REPLAYER_CHILDREN_H
#define REPLAYER_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/trace_lines.h"

enum { CHILDREN_MAX = 1 << 16 };

struct child {
	int64_t number; /* in the trace, from 1 */
	int64_t maker;  /* number of the child that made it; 0: the program */
	int64_t pid;
	char *words; /* of its last image, each with a NUL; owned; NULL: that of its maker */
	size_t words_len;
	bool unseen;      /* static or setuid: what it printed is not in the trace */
	uint64_t printed; /* bytes that it wrote to standard output and error of the program */
	bool waited_for;  /* by the program: */
	int32_t status;   /* as of wait(2) */
};

struct children {
	struct child *child; /* in order of their first line */
	size_t count;
};

/* Other lines than those about children, and children above CHILDREN_MAX, are passed over. */
void children_add(struct children *children, const struct trace_answer *answer);
void children_fini(struct children *children);

/* Is this line about a child, and not about a call of the program? */
bool children_own(const struct trace_answer *answer);

#endif
