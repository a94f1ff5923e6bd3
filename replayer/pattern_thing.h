/*
 * What rules about variables share: which thing an access is to, in which call it is, and whether
 * the source says that it looks before something is done. Private to replayer/pattern*.c, as
 * replayer/pattern_rules.h.
 *
 * A thing is a variable, or one item of a container as far as the trace names its key: accesses to
 * STOCK['tea'] and STOCK['milk'] have nothing to do with each other, those to STOCK with both.
 */
#ifndef REPLAYER_PATTERN_THING_H
#define REPLAYER_PATTERN_THING_H

#include "replayer/pattern_triple.h"

enum { THING_KEY = 64 };

struct thing {
	uint32_t object;
	char key[THING_KEY]; /* "['tea']"; "": all of it. For %K of pattern_say() */
};

struct thing thing_of(const struct search *search, const struct section *section);
bool thing_has_key(const struct search *search, const struct section *section);

/* Both accesses are to the same thing, or may be. */
bool thing_same(const struct search *search, const struct section *a, const struct section *b);

/* The lane's access to the same thing before it; its last access to anything. NULL: none. */
const struct section *thing_previous(const struct search *search, const struct section *section);
const struct section *thing_last(const struct search *search, uint32_t lane);

/* There is an access to a variable in the run. */
bool thing_any(const struct search *search);

/* The lock that the lane had for the access, the innermost; NULL: none. */
const struct section *thing_lock(const struct search *search, const struct section *section);

/*
 * The function that both accesses of one lane are in or below, and where it is in it each time.
 * Where there is none the innermost places. Locations.
 */
struct calls {
	const struct trace_location *function; /* a place in it; NULL: there is none */
	uint32_t first, second;
};
void thing_calls(struct calls *calls, const struct search *search, const struct section *first,
		 const struct section *second);

/* Both are in that function, called from one place. */
bool thing_common_call(const struct search *search, const struct section *first,
		       const struct section *second);

/* The second one comes after the first in one call of that function, as far as lines tell. */
bool thing_same_call(const struct search *search, const struct section *first,
		     const struct section *second);

/* The first is a condition for the second, by the source. */
bool thing_is_check(const struct search *search, const struct section *first,
		    const struct section *second);

/* Shows the access where it is in that function. */
void thing_show(struct search *search, const struct calls *calls, const struct section *section,
		const char *note);

#endif
