/*
 * The system call filter of the trap layer: which calls of libc, beside those it makes through our
 * interposers, could block a thread and so must come to the scheduler. Compiled here with
 * libseccomp, handed to the runtime through the plan (PLAN_FILTER), which limits it to the
 * addresses of libc's text.
 *
 * SECCOMP_RET_TRAP for the calls listed in filter.c, SECCOMP_RET_ALLOW for all others and for
 * other architectures (int 0x80, x32). See seccomp(2), seccomp_export_bpf(3).
 */
#ifndef RECORDER_FILTER_H
#define RECORDER_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

#include "formats/err.h"

/* For which program: see filter.c. */
enum filter_kind {
	FILTER_BLOCKING, /* what may block */
	FILTER_ANSWERS,  /* ... and all calls of formats/answers.def */
	FILTER_CHILD,    /* what writes, of children that run uncontrolled */
};

/*
 * Compiles the filter. `*program` is malloc'ed, `*count` its instructions. 0 or a negative errno.
 */
int filter_build(enum filter_kind kind, struct sock_filter **program, size_t *count,
		 struct err *err);

/* What libseccomp has been told (a scmp_filter_ctx), as a program. The same for its result. */
int filter_export(void *context, struct sock_filter **program, size_t *count);

#endif
