/*
 * The event table and the relation of dependence. Freestanding: used by the runtime in the target
 * and by the CLI alike.
 */
#ifndef FORMATS_EVENT_H
#define FORMATS_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_NONE,
#define EVENT(symbol, name, access, flags) EVENT_##symbol,
#include "formats/event.def"
#undef EVENT
	EVENT_COUNT
};

/* What an operation does to its object. */
enum event_access {
	ACCESS_NONE,    /* no object, or nothing another lane could observe */
	ACCESS_READ,    /* commutes with other reads of the same object */
	ACCESS_WRITE,   /* observable change */
	ACCESS_ACQUIRE, /* takes the object */
	ACCESS_RELEASE, /* gives it back */
};

enum event_flag {
	EVENT_FLAG_POINT = 1,  /* a scheduling point precedes the operation */
	EVENT_FLAG_RESULT = 2, /* the result enters order_hash */
};

enum event_phase {
	PHASE_DONE,      /* the operation has taken place, `result` is valid */
	PHASE_ANNOUNCED, /* the lane stands before the operation and another lane goes first */
};

struct event_row {
	const char *name;
	uint8_t access; /* enum event_access */
	uint8_t flags;  /* enum event_flag */
};

/* The table, indexed by enum event_kind; row 0 has the name "none". */
extern const struct event_row event_table[EVENT_COUNT];

/* Name of a kind, "unknown" when out of range. Never NULL. */
const char *event_kind_name(unsigned kind);

/* Kind with this name (not NUL-terminated, `length` bytes), or EVENT_NONE. */
int event_kind_by_name(const char *name, size_t length);

/*
 * True when the order of two operations of different lanes on objects `object_a` and `object_b` can
 * matter (architecture.md, point 4): same object, and not both reads. Over-approximates: never
 * answers false for operations that do not commute. Objects are compared by number; 0 is no object.
 */
bool event_dependent(unsigned kind_a, uint32_t object_a, unsigned kind_b, uint32_t object_b);

#endif
