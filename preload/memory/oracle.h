/*
 * Accesses that are errors whatever is found there: to freed memory, and to a part of another
 * lane's stack that is in use no more. They end the run with the verdict MEMORY. Requires the turn.
 */
#ifndef PRELOAD_MEMORY_ORACLE_H
#define PRELOAD_MEMORY_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"
#include "preload/memory/quarantine.h"
#include "preload/object.h"
#include "preload/unwind.h"

enum oracle_kind {
	ORACLE_FINE,
	ORACLE_FREED, /* `freed` says by whom */
	ORACLE_DEAD_STACK,
};

struct oracle {
	enum oracle_kind kind;
	struct freed freed;
	uint32_t owner; /* number of the lane whose stack it is */
};

#define ORACLE_STACKS 0x7f0000000000 /* where the kernel puts stacks: not below */

/* Can an access to that byte be an error at all? No for most. */
static inline bool oracle_may_fail(uint64_t address)
{
	return quarantine_any || address >= ORACLE_STACKS;
}

/* What an access of `me` to that byte is. */
struct oracle oracle_ask(const struct lane *me, uint64_t address);

/* The lane that lives and has it in its stack, or NULL. */
const struct lane *oracle_stack_of(const struct lane *me, uint64_t address);

/* Is it in the stack of another lane? */
bool oracle_others_stack(const struct lane *me, uint64_t address);

/* Ends the run. The access is the lane's last event, or its pending operation. */
void oracle_fail(struct lane *me, const struct oracle *oracle, uint64_t address,
		 const char *sentence) __attribute__((noreturn));

/* A lock, or whatever else is at the address, is about to be used by an operation at `context`. */
void oracle_check(struct lane *me, uint64_t address, uint32_t context);

/* The lane's last operation was on a lock that another one has, and must not be. */
void oracle_misuse(struct lane *me, const struct object *object, const char *sentence)
	__attribute__((noreturn));

/* free(3) is called: true when the memory is kept, and not to be freed. Twice is an error. */
bool oracle_free(struct lane *me, const struct unwind_start *start, uint64_t address,
		 uint64_t size);

#endif
