/*
 * Probes of this machine for `doctor`: each tries the thing itself where that is possible, in a
 * child process where it would change this one. Nothing is printed here.
 */
#ifndef RECORDER_CHECKS_H
#define RECORDER_CHECKS_H

#include <stddef.h>

enum check_state {
	CHECK_OK,
	CHECK_INFO,    /* a fact, neither good nor bad */
	CHECK_LIMITED, /* recording works, with the loss that `remedy` names */
	CHECK_MISSING, /* nothing can be recorded without it */
};

struct check_result {
	enum check_state state;
	char value[256];    /* what was found */
	const char *remedy; /* what to do, or what is lost; NULL when all is well */
};

struct check {
	const char *name;
	void (*probe)(struct check_result *result); /* may block for some milliseconds */
};

extern const struct check checks[];
extern const size_t checks_count;

#endif
