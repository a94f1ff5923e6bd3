/*
 * Children of the program while its input is recorded. They run uncontrolled, as without us; what
 * they say to the program comes in as its input, and what they write to its standard output and
 * error is written down here, so that a replay can show it without running them.
 */
#ifndef PRELOAD_CHILDREN_H
#define PRELOAD_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>

/* This process is such a child. */
extern bool children_recorded;

/* In the child of a fork, and in the constructor of an image that a child has become. */
void children_forked(void);
void children_attach(void);

/*
 * The child, or in the program the one that is about to be spawned, runs a program that the runtime
 * cannot be in (static or setuid): what it prints will not be in the trace, which says so.
 */
void children_unseen(const char *path);

/*
 * A call in a child. True: it was one that writes to a standard stream; then it has been made,
 * with *result, and written down. Callable by any thread, in the handler of SIGSYS.
 */
bool children_call(long number, const long a[6], long *result);

/* In the program: takes over what children have written since. Requires the turn. */
void children_collect(void);

#endif
