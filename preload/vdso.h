/*
 * The kernel's functions in user space that tell the time (vdso(7)), which libc calls inside itself
 * and some language runtimes call directly: they show the virtual clock to lanes, as the
 * interposers of wrap_time.c do, but are no events.
 */
#ifndef PRELOAD_VDSO_H
#define PRELOAD_VDSO_H

/* Writes over them, in this process. Where that is not possible they stay as they are. */
void vdso_replace(void);

#endif
