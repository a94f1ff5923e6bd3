/*
 * Which object of the trace stands for which bytes of memory. The first access says how large a
 * variable is; one that covers several variables, or parts of them, is an access to each.
 * Requires the turn.
 */
#ifndef PRELOAD_MEMORY_BYTES_H
#define PRELOAD_MEMORY_BYTES_H

#include <stdint.h>

#include "preload/lane.h"
#include "preload/object.h"

#define BYTES_OBJECTS 16u /* of one access; what is beyond is left out */

/* The objects of an access, by address; new ones where no variable was known. Their number. */
uint32_t bytes_objects(struct lane *me, uint64_t address, uint64_t size, uint32_t context,
		       struct object *found[BYTES_OBJECTS]);

/* The variables there have ended. */
void bytes_forget(uint64_t start, uint64_t size);

#endif
