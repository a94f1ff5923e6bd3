/*
 * The randomness that a lane gives to the program, see wrap_random.c.
 */
#ifndef PRELOAD_RANDOM_H
#define PRELOAD_RANDOM_H

#include <stdint.h>

#include "preload/lane.h"

/* The next 64 bits of its stream, which the plan seeds. Requires the turn. */
uint64_t random_draw(struct lane *me);

#endif
