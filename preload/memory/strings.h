/*
 * Functions of libc that read and write memory for instrumented code.
 */
#ifndef PRELOAD_MEMORY_STRINGS_H
#define PRELOAD_MEMORY_STRINGS_H

#include <stdint.h>

/* Calls of the module that has this code come to us, from its constructor on. */
void strings_redirect(uint64_t pc);

#endif
