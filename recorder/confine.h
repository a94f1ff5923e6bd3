/*
 * Confinement: what keeps the program of a stranger's trace from doing harm while it is replayed.
 * It reads and executes what its user may, and changes nothing: it writes to its standard streams
 * and below one scratch directory, reaches no network and no other process. It needs no privileges.
 *
 *	confine = confine_new(CONFINE_ABI, &err);	in the CLI: filter, rules, scratch directory
 *	rc = confine_enter(confine);			in the child, between fork and execve(2)
 *	confine_free(confine);				removes the scratch directory
 *
 * Two layers, and no call is left to one of them where the other one can do it too:
 *   Landlock (landlock(7)): files by path, TCP, signals and abstract sockets.
 *   seccomp (confine_filter.c): everything that is no matter of paths, and what Landlock of this
 *   kernel does not know. Without Landlock nothing can be opened for writing at all.
 * Both are inherited by everything that the program starts, and nobody in it can take them off.
 */
#ifndef RECORDER_CONFINE_H
#define RECORDER_CONFINE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "formats/err.h"

#define CONFINE_ABI 7u /* of Landlock: the newest that is known here */

/* The scratch directory could not be made, or the kernel has no seccomp filters. */
enum confine_err { CONFINE_ERR_KERNEL = ERR_MODULE + 660 };

struct confine;

/* Uses Landlock as of version `most` at most, 0: not at all. NULL with `err` set. */
struct confine *confine_new(unsigned most, struct err *err);
void confine_free(struct confine *confine);

/* An absolute path: the only directory below which something can be made. Empty at first. */
const char *confine_scratch(const struct confine *confine);

/*
 * What this kernel cannot keep the program from, one sentence each; NULL behind the last.
 */
const char *confine_gap(const struct confine *confine, unsigned index);

/* Version of Landlock that the kernel has, 0: none. */
unsigned confine_landlock(void);

/*
 * Puts the calling process, which has one thread, under it for ever. The descriptors that it has
 * open stay as they are. Allocates nothing. 0 or a negative errno, then only a part is in force.
 */
int confine_enter(const struct confine *confine);

/*
 * The filter alone (confine_filter.c), for a kernel with Landlock `abi`: `*program` is malloc'ed.
 * `own_ipc`: the process has a namespace of its own for System V IPC and message queues. Where
 * Landlock does not look after signals they are allowed to CONFINE_PID only, which is to be
 * replaced by the process's own pid.
 */
#define CONFINE_PID 0x7ffffff1u
int confine_filter_build(unsigned abi, bool own_ipc, struct sock_filter **program, size_t *count,
			 struct err *err);

#endif
