/*
 * What the writing and the reading half of the header share (header.c, header_read.c): names and
 * the allow-list.
 */
#ifndef RECORDER_HEADER_NAMES_H
#define RECORDER_HEADER_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/plan.h"

/* Bits of enum plan_run_flag, from the lowest on; NULL: a recording does not have it. */
#define HEADER_FLAGS 17u

extern const char *const header_flag_names[HEADER_FLAGS];
extern const char *const header_strategies[STRATEGY_COUNT];

/* "NAME=value" may be stored in a trace. */
bool header_allows(const char *entry);

/* Hash of this user and machine. */
uint64_t header_origin(void);

#endif
