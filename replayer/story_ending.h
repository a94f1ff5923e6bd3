/*
 * The last lines of a story: what the failure says of itself, how often it could be reproduced, and
 * how it was found.
 */
#ifndef REPLAYER_STORY_ENDING_H
#define REPLAYER_STORY_ENDING_H

#include <stdint.h>
#include <stdio.h>

#include "replayer/history.h"

/* See story_events_tell() for what it reads. */
void story_ending_tell(FILE *out, const struct history *history, unsigned width);

/*
 * The location in the program's own code where the crash was (an assertion, a fault), `otherwise`
 * when the trace does not say.
 */
uint32_t story_ending_place(const struct trace_file *file, uint32_t otherwise);

#endif
