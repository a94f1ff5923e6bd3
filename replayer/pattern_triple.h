/*
 * Two critical sections of one lane with one of another between them: what rules about accesses
 * look for. Private to replayer/pattern*.c, as replayer/pattern_rules.h.
 */
#ifndef REPLAYER_PATTERN_TRIPLE_H
#define REPLAYER_PATTERN_TRIPLE_H

#include "replayer/pattern_rules.h"

/* Two sections of one lane with one of another between them. */
struct triple {
	const struct section *first, *other, *second;
	const struct section *other_first; /* the other lane was there too; NULL: not looked for */
	unsigned depth;                    /* of the places (replayer/sections.h) */
};

/* What else is asked of a triple; may fill in `other_first`. */
typedef bool triple_wanted(const struct search *search, struct triple *triple);

/*
 * Given `first` and `second`, find `other`: the last one between them that creations and joins do
 * not put there in every schedule, and that `wanted` accepts. `exactly`: both events of the
 * finding's pair are in the triple.
 */
bool triple_find_other(const struct search *search, struct triple *triple, bool exactly,
		       triple_wanted *wanted);

/* The other one is not only a read. */
bool triple_any(const struct search *search, struct triple *triple);

/* The same, and the lane did not go by itself: a schedule may leave that switch out. */
bool triple_preempted(const struct search *search, struct triple *triple);

/* All of them, and the failure; with a note each. */
void triple_show(struct search *search, const struct triple *triple, const char *first,
		 const char *other, const char *second);

/* Context in which the section begins. */
uint32_t pattern_context(const struct search *search, const struct section *section);

/*
 * Event `at`, or HISTORY_NONE, is in the section, which may be NULL; of an access to a variable
 * also in that of the lock that the lane had for it.
 */
bool triple_contains(const struct search *search, const struct section *section, size_t at);

/* Event `at` of `lane` is in the section. `section` may be NULL, `at` HISTORY_NONE. */
bool section_contains(const struct section *section, size_t at, uint32_t lane);

#endif
