/*
 * What forks of the target share with each other although it belongs to one run: open files. The
 * offsets of files are put back for each run, pipes are server_pipe.h; other things make the target
 * unfit for the server.
 */
#ifndef PRELOAD_SERVER_FIT_H
#define PRELOAD_SERVER_FIT_H

#include <stdint.h>

#include "formats/region.h"

/*
 * Looks at descriptors, memory and children of the process, once, and remembers the offsets.
 * `detail` gets what it is that makes the target unfit, "" else.
 */
enum server_unfit server_fit_look(char *detail, uint32_t size);

/* Offsets and pipes as they were at the look. */
void server_fit_restore(void);

#endif
