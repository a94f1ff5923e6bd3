/*
 * Names of the system calls of x86_64 and their numbers, as libseccomp knows them. CLI only. Safe
 * from any thread; the first call fills a table, none blocks.
 */
#ifndef FORMATS_SYSCALL_NAMES_H
#define FORMATS_SYSCALL_NAMES_H

#include <stddef.h>

/* The name of a call; NULL when it has none. Never freed. */
const char *syscall_name(unsigned number);

/* Its number, -1 when there is no such call. */
int syscall_number(const char *name, size_t len);

#endif
