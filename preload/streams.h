/*
 * The standard streams: which descriptors they are, and what they look like to the program. libc
 * and language runtimes buffer by that, so it is part of the run: a replay gives what was recorded,
 * wherever its output goes.
 */
#ifndef PRELOAD_STREAMS_H
#define PRELOAD_STREAMS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "formats/plan.h"

/*
 * From the constructor, after decide_init(): what the streams are, and how stdin and stdout of libc
 * buffer. Again where the process has got other ones in their place (a copy of it): the buffers
 * stay as they are then.
 */
void streams_init(void);

/*
 * The standard stream (0, 1, 2) that a descriptor is, -1: none. Each is one of its own, whatever it
 * is and also when two are the same file, because that is not the program's choice. A copy of one
 * under another number is that stream. `status` is of fd.
 */
int streams_find(long fd, const struct stat *status);

/* The same for 1 and 2 in a child of the program, which knows of them by the region only. */
int streams_known(long fd, const struct stat *status);

/*
 * What the descriptor is to look like where that is not what it is; AS_IS: no stream, or as it is.
 * Async-signal-safe, callable without the turn and before streams_init().
 */
enum plan_stream streams_pretend(int fd);

/* The result of fstat(2) on such a descriptor as it is to look. */
void streams_dress(int fd, struct stat *status);

#endif
