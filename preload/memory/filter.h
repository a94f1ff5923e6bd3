/*
 * Which accesses of native code to memory matter: those to a word that several lanes have used and
 * one of them has changed, and those at a place in the code that has touched such a word in this or
 * an earlier run. All others go on at once. Words belong to the run, places to the region
 * (struct region_sites), where they outlive the runs of a search.
 *
 * A function of the schedule and of what the plan says is shared (PLAN_SHARED_SITES): no clock, no
 * address of memory in what is kept. Requires the turn.
 */
#ifndef PRELOAD_MEMORY_FILTER_H
#define PRELOAD_MEMORY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"
#include "preload/log.h"

#define FILTER_WORDS 65536u /* direct mapped: a word that is displaced is known no more */

enum filter_flag {
	FILTER_SHARED = 1,  /* a second lane has used it */
	FILTER_WRITTEN = 2, /* some lane has changed it */
	FILTER_CONFLICT = 3,
};

struct filter_word {
	uint32_t tag;            /* of the address; 0: free */
	uint16_t owner;          /* slot of the lane that used it first, + 1 ... */
	uint16_t flags;          /* enum filter_flag */
	uint16_t reader, writer; /* places of its last read and write, index + 1 ... */
	/* ... the lane's clock then (race.h), and of which bytes, FILTER_ATOMIC: in one step */
	uint32_t lane; /* ... and its number */
	uint32_t read_clock, write_clock;
	uint16_t read_mask, write_mask;
	uint16_t read_where, write_where; /* in which calls, with which locks: calls.h */
};

_Static_assert(sizeof(struct filter_word) == 32, "found by a shift");

#define FILTER_ATOMIC 256u

/* An access to one word. */
struct filter_access {
	struct region_site *site;
	uint64_t word; /* its address, 8-aligned */
	uint16_t mask; /* as above */
	bool writes;
};

extern struct filter_word filter_words[FILTER_WORDS];

/* Of a new image: nothing is known but the plan. */
void filter_start(void);

/* The plan has been replaced. */
void filter_plan(void);

/* Enters a place that is not in its first slot. NULL: there are too many. */
struct region_site *filter_find(uint64_t pc);

/* Another lane's word, or one that is not known: true when the access matters. */
bool filter_look(const struct lane *me, const struct filter_access *access);

/*
 * The word is given back by `me`, which is a change of it. True when another lane has used it: the
 * places where are shared then.
 */
bool filter_ends(const struct lane *me, uint64_t address);

/* Memory that is given back: who uses it next is its first user. */
void filter_forget(uint64_t start, uint64_t size);

static inline uint32_t filter_slot(uint64_t pc)
{
	return (uint32_t)(pc * 0x9e3779b97f4a7c15ull >> 40) & (REGION_SITES - 1);
}

static inline struct region_site *filter_site(uint64_t pc)
{
	struct region_site *site = &region->sites.site[filter_slot(pc)];

	return __builtin_expect(site->pc == pc, 1) ? site : filter_find(pc);
}

static inline void filter_note(struct filter_word *word, const struct lane *me,
			       const struct filter_access *access)
{
	uint16_t index = (uint16_t)(access->site - region->sites.site + 1);

	if (access->writes) {
		word->writer = index;
		word->write_clock = me->clock;
		word->write_mask = access->mask;
		word->write_where = me->where;
	} else {
		word->reader = index;
		word->read_clock = me->clock;
		word->read_mask = access->mask;
		word->read_where = me->where;
	}
}

static inline __attribute__((always_inline)) bool filter_word_matters(
	const struct lane *me, const struct filter_access *access)
{
	struct filter_word *word = &filter_words[access->word / 8 % FILTER_WORDS];

	if (__builtin_expect(word->tag == (uint32_t)(access->word >> 3) && !(word->flags & 1) &&
				     word->owner == me->slot + 1,
			     1)) {
		if (access->writes)
			word->flags = FILTER_WRITTEN;
		filter_note(word, me, access);
		return access->site->shared;
	}
	return filter_look(me, access);
}

#endif
