/*
 * Whether there is instrumented code in the program.
 */
#ifndef PRELOAD_MEMORY_USED_H
#define PRELOAD_MEMORY_USED_H

#include <stdbool.h>

extern bool memory_used;

#endif
