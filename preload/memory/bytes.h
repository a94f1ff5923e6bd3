/*
 * Which object of the trace stands for which bytes of memory. The first access says how large a
 * variable is; one that covers several variables, or parts of them, is an access to each.
 * Requires the turn.
 */
#ifndef PRELOAD_MEMORY_BYTES_H
#define PRELOAD_MEMORY_BYTES_H

#include <stdint.h>

#include "preload/lane.h"
#include "preload/memory/oracle.h"
#include "preload/object.h"
#include "preload/variables.h"

#define BYTES_OBJECTS 16u /* of one access; what is beyond is left out */

/* Accesses to one variable that is in no stack, so that the next one need not look for it. */
#define BYTES_REMEMBERED 32u
struct bytes_remembered {
	uint64_t address;
	uint32_t size;
	uint32_t ended; /* variables_ended + 1 at that time */
	struct object *object;
};
extern struct bytes_remembered bytes_remembered[BYTES_REMEMBERED];

static inline struct bytes_remembered *bytes_place(uint64_t address)
{
	return &bytes_remembered[(address ^ address >> 7) / 4 % BYTES_REMEMBERED];
}

/* The only object of an access. NULL: bytes_objects() has to look. */
static inline struct object *bytes_object(uint64_t address, uint64_t size)
{
	const struct bytes_remembered *place = bytes_place(address);

	return place->address == address && place->size == size &&
			       place->ended == variables_ended + 1 && address < ORACLE_STACKS
		       ? place->object
		       : NULL;
}

/* The objects of an access, by address; new ones where no variable was known. Their number. */
uint32_t bytes_objects(struct lane *me, uint64_t address, uint64_t size, uint32_t context,
		       struct object *found[BYTES_OBJECTS]);

/* The variables there have ended. */
void bytes_forget(uint64_t start, uint64_t size);

#endif
