/*
 * Memory that the program gives back.
 */
#ifndef PRELOAD_MEMORY_H
#define PRELOAD_MEMORY_H

/* Once, from the constructor: a sanitizer whose free() comes before ours tells us of it. */
void memory_init(void);

#endif
