/*
 * Accesses to what threads share, as far as a trace shows them: stretches in which a lane had a
 * lock, single reads and writes of files and of variables, and requests to servers. Each stands for
 * "this lane used what that object guards".
 *
 *	sections = sections_new(history);
 *	section = sections_open(sections, lane);	the lane died in it
 *	before = sections_previous(sections, section);	same lane, same object
 *	sections_free(sections);
 *
 * Where a section is, is a place: the frame of user code that tells it from others (innermost
 * first). Programs that wrap their locks have the wrapper as innermost frame everywhere, so places
 * have a depth: how many frames are to be compared.
 */
#ifndef REPLAYER_SECTIONS_H
#define REPLAYER_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replayer/history.h"

struct section {
	uint32_t lane, object;
	size_t begin, end; /* events; HISTORY_NONE: still in it when the run ended */
	size_t previous;   /* the lane's one before on this object, as index; or HISTORY_NONE */
	size_t under;  /* of a single one: the lane's innermost lock, as index; or HISTORY_NONE */
	size_t wait;   /* it goes on after this cond_wait of the lane; else HISTORY_NONE */
	bool waits;    /* it ends with a wait */
	bool reads;    /* shared with other readers, or a read */
	bool single;   /* one event: a file or a variable was read or changed */
	bool request;  /* ... something was sent to a server: it may have read or changed */
	bool variable; /* a variable; or the contents of a container */
};

struct sections {
	const struct history *history;
	struct section *items; /* by `begin` */
	size_t count;
};

struct sections *sections_new(const struct history *history);
void sections_free(struct sections *sections);

/*
 * The lane's last section that was open when the run ended; the last one under a lock that begins
 * before event `to`, which may be HISTORY_NONE. NULL: none.
 */
const struct section *sections_open(const struct sections *sections, uint32_t lane);
const struct section *sections_last(const struct sections *sections, uint32_t lane, size_t to);

/* The section that event `at` lies in or begins, the innermost; NULL: none. */
const struct section *sections_around(const struct sections *sections, size_t at);

/* The lane's section on the same object before it, or after it; NULL: none. */
const struct section *sections_previous(const struct sections *sections,
					const struct section *section);
const struct section *sections_next(const struct sections *sections, const struct section *section);

/* The lane's section before it, on whatever object. */
const struct section *sections_before(const struct sections *sections,
				      const struct section *section);

/*
 * The last section on `object` that begins after event `from` and before event `to`, of another
 * lane than `not_lane`, and of `lane` alone unless that is 0; NULL: none.
 */
const struct section *sections_between(const struct sections *sections, uint32_t object,
				       uint32_t not_lane, uint32_t lane, size_t from, size_t to);

/* Frame number `depth` (from 0) of user code of a context, as a location; 0: there is none. */
uint32_t sections_frame(const struct history *history, uint32_t context, unsigned depth);

/* The smallest depth at which two contexts differ, plus 1; 0 when they are the same place. */
unsigned sections_depth(const struct history *history, uint32_t a, uint32_t b);

/* The same place, looking at so many frames. */
bool sections_same_place(const struct history *history, uint32_t a, uint32_t b, unsigned depth);

/* Context in which the section begins. */
uint32_t sections_context(const struct sections *sections, const struct section *section);

#endif
