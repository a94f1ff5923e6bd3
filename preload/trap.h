/*
 * The trap layer: system calls that libc makes by itself (stdio, pclose, system, getaddrinfo, its
 * own locks) come to us as SIGSYS. The filter is compiled by the CLI (PLAN_FILTER); here it is
 * scoped to the text of libc and of libraries known to contain blocking system calls of their own,
 * and installed.
 */
#ifndef PRELOAD_TRAP_H
#define PRELOAD_TRAP_H

#include <stdbool.h>

#include "preload/lane.h"

/*
 * Puts the filter in force, once: with a tape in the constructor; else before the second lane
 * begins, as a single thread has nobody to block, and a shell script that execs its way to the
 * real program leaves none behind. `control`: there is about to be a second lane, and from now on
 * calls that may block are its operations. A refusal is noted in the trace. Requires the turn.
 */
void trap_start(struct lane *me, bool control);

/* In a child of the program, for what it writes (children.h). */
void trap_start_child(void);

/* The filter is in force: addresses of the next image must be random (see wrap_exec.c). */
bool trap_active(void);

#endif
