/*
 * Variables of an interpreted program, by the address of what holds them and the hash of their
 * name: who has used each, and the object of the trace that stands for it. Part of the schedule's
 * memory. Requires the turn.
 */
#ifndef PRELOAD_VARIABLES_H
#define PRELOAD_VARIABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/object.h"

struct variable {
	uint64_t address, name;
	struct object *object; /* NULL: no event has named it */
	uint32_t lane;         /* the first one that used it; 0: none has */
	bool shared;           /* another one has, too ... */
	bool written;          /* ... and it was changed */
	uint32_t frame;        /* of the stack that it is in, a hash of it; 0: in none */
	uint32_t next;         /* of the same address: index + 1 */
};

/* How often variables have ended: what is remembered of one holds until it changes. */
extern uint32_t variables_ended;

/* New when it is not known. NULL: there are too many, it cannot be watched. */
struct variable *variable_find(uint64_t address, uint64_t name);

/* The first one at the address, and the others; NULL: there is none. */
struct variable *variables_first(uint64_t address);
struct variable *variables_next(const struct variable *variable);

/* All whose address is in the range have ended. Looks at each that there is. */
void variables_forget_range(uint64_t start, uint64_t size);

/* What is at the address has ended: its variables, too. Cheap when there are none. */
void variables_forget(uint64_t address);

#endif
