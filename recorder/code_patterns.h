/*
 * Which interpreted code is watched, as the user says it: --include and --exclude.
 */
#ifndef RECORDER_CODE_PATTERNS_H
#define RECORDER_CODE_PATTERNS_H

#include <stdint.h>

#include "recorder/options.h"

/* PLAN_CODE_PATTERNS of the options: `*length` bytes, malloc'ed; NULL: none are given. */
char *code_patterns_of(const struct options *options, uint32_t *length);

#endif
