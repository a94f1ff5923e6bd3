/*
 * Calls of one module to functions of libc, led to functions of ours: its slots of the global
 * offset table are written over. Other modules, and programs without instrumented code, call libc
 * as ever; to define the functions ourselves would put us between all of them.
 */
#ifndef PRELOAD_MEMORY_REDIRECT_H
#define PRELOAD_MEMORY_REDIRECT_H

#include <stdint.h>

struct redirect {
	const char *name;
	void *to;
};

/*
 * Of the module that has this address of code, once; from its constructor. Rows end with a NULL.
 */
void redirect_module(uint64_t pc, const struct redirect *rows);

#endif
