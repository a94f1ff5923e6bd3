/*
 * Objects: what operations act on, found by address, named by ids that do not depend on the
 * schedule (architecture.md, point 5). Part of the schedule's memory.
 */
#ifndef PRELOAD_OBJECT_H
#define PRELOAD_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/hash.h"
#include "formats/record.h"

struct lane;

struct object {
	uint64_t address;
	uint32_t number; /* in the trace */
	uint8_t kind;    /* enum object_kind */
	uint8_t class;   /* enum object_class */
	/* some lane takes it without waiting or with a time-out: see sched_release_point() */
	bool tried;
	bool shared; /* shared with other processes: they may wake our lanes */
	bool heap;   /* not in a module: may be freed and used again */
	uint64_t id_hash;
	struct hash_chain chain;
	uint32_t clocks;                         /* what its operations order, see memory/hb.h */
	struct lane *first_waiter, *last_waiter; /* in order of arrival */
	uint32_t waiters;

	/* model, by kind */
	struct lane *owner; /* mutex, spin, rwlock (writer), once, guard: who has it */
	/* ... also when that lane has ended, 0 nobody; and where it was taken */
	uint32_t holder_number;
	uint32_t holder_context;
	uint64_t holder_k;
	uint32_t readers;    /* rwlock: read locks held */
	uint32_t depth;      /* mutex: times locked by its owner */
	uint32_t count;      /* barrier: arrived; cond: signals */
	uint32_t limit;      /* barrier: participants */
	uint32_t generation; /* barrier: rounds */
	uint32_t flags;      /* of the family that wraps this kind */
	uint32_t changes;    /* variables of interpreted programs: so far */
	uint32_t maker, nth; /* as announced: lane, and which of its objects */
	bool named;          /* people have a name for it that is not its id */
	struct lane *lane;   /* OBJECT_THREAD */
};

/*
 * The object at this address, new when it was not known or was known as another kind.
 * `context` is where it is used. Never NULL: a full table ends the run with a verdict.
 */
struct object *object_find(struct lane *me, const volatile void *address, enum object_kind kind,
			   uint32_t context);

/* The object if it is known, else NULL. */
struct object *object_peek(const volatile void *address, enum object_kind kind);

/* An explicit initialisation: whatever was at this address is forgotten, a new object begins. */
struct object *object_init(struct lane *me, const volatile void *address, enum object_kind kind,
			   uint32_t context);

/* The object of a lane (join, cancel). */
struct object *object_of_lane(struct lane *lane);

/*
 * A variable of an interpreted program, or the contents of a container. Its id is its name, "[]"
 * for contents, and "#2" for the second one of that name.
 */
struct object *object_variable(struct lane *me, enum object_kind kind, const char *name,
			       uint32_t context);

/* A variable of a native program, new each time; of the frame, if it is on a stack. */
struct context_frame;
struct object *object_memory(struct lane *me, uint64_t address, uint32_t context,
			     const struct context_frame *frame);

/* It has ended. One that a pending operation names stays. */
void object_end(struct object *object);

/* Announces another name for it. */
void object_rename(struct object *object, const char *name);

/* An explicit destruction, or memory that was given back. Objects with waiters stay. */
void object_forget(const volatile void *address);
void object_forget_range(uint64_t start, uint64_t size);

/* True when memory in this range may hold heap objects: a cheap filter for free(). */
bool object_maybe_in(uint64_t start, uint64_t size);

/* Objects that are not in a module. While there are none, memory that is given back holds none. */
extern uint32_t object_heap_count;

/*
 * A resource of the outside: `key` is any number unique to it among addresses and keys. Its id is
 * by first use; `name` ("pipe", "file:/x") is for people.
 */
struct object *object_named(struct lane *me, uint64_t key, enum object_kind kind, const char *name,
			    uint32_t context);

/* The same where the name is the id (OBJECT_NAMED): UTF-8, shorter than 4 KB. */
struct object *object_resource(struct lane *me, uint64_t key, enum object_kind kind,
			       const char *name, uint32_t context);

#endif
