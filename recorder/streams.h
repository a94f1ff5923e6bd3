/*
 * What a standard stream is: a word of the header of a trace, a number of the plan (enum
 * plan_stream).
 */
#ifndef RECORDER_STREAMS_H
#define RECORDER_STREAMS_H

#include "formats/plan.h"

/* What a descriptor of this process is; never AS_IS. */
enum plan_stream streams_kind(int fd);

/* "terminal", "pipe", "socket", "file", "device", "closed"; "unknown" for AS_IS. */
const char *streams_word(unsigned kind);

/* Back; AS_IS for a word that is none of these. */
enum plan_stream streams_by_word(const char *word);

#endif
