/*
 * The trap layer: system calls that libc makes by itself (stdio, pclose, system, getaddrinfo, its own locks) come to
 * us as SIGSYS. The filter is compiled by the CLI (PLAN_FILTER); here it is scoped to the text of libc and of
 * libraries known to contain blocking system calls of their own, and installed.
 */
#ifndef PRELOAD_TRAP_H
#define PRELOAD_TRAP_H

/* From the constructor, with the turn. 0 (also when the plan has no filter) or negative errno. */
int trap_init(void);

#endif
