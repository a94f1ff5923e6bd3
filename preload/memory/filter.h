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
#include "preload/memory/hb.h"

#define FILTER_WORDS 65536u /* direct mapped: a word that is displaced is known no more */

enum filter_flag {
	FILTER_SHARED = 1,  /* a second lane has used it */
	FILTER_WRITTEN = 2, /* some lane has changed it */
	FILTER_CONFLICT = 3,
};

/* Of a word in memory, by the lower half of its number; 0: free. */
union filter_head {
	struct {
		uint32_t tag;
		uint16_t owner; /* slot of the lane that used it first, + 1 */
		uint16_t flags; /* enum filter_flag */
	};
	uint64_t word;
};

struct filter_word {
	union filter_head head;
	/*
	 * Its last read and write: place (index + 1), calls and time (race.h) ... From a conflict
	 * on those of the lane that was here last alone: filter_repeats().
	 */
	union lane_stamp read, write;
	uint16_t read_mask, write_mask; /* ... and of which bytes, FILTER_ATOMIC: in one step */
	uint32_t lane;                  /* number of the owner */
};

_Static_assert(sizeof(struct filter_word) == 32, "found by a shift");

#define FILTER_ATOMIC 256u
#define FILTER_BYTES (FILTER_ATOMIC | 255u)

/* From a conflict on, with clocks, the masks also have the lane's slot, and one bit each: */
#define FILTER_SLOT_SHIFT 9
#define FILTER_SLOT (63u << FILTER_SLOT_SHIFT)
#define FILTER_COVERED 0x8000u /* of the write: the cell of race.h has it in the read's place ... */
#define FILTER_AGAIN 0x8000u   /* of the read: ... but it has been done again since */

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

/* Places that are near to each other are so in the table, too: a run touches few of its pages. */
static inline uint32_t filter_slot(uint64_t pc)
{
	return (uint32_t)(pc >> 2 ^ pc >> 15) & (REGION_SITES - 1);
}

static inline uint32_t filter_index(const struct filter_access *access)
{
	return (uint32_t)(access->site - region->sites.site + 1);
}

static inline struct region_site *filter_site(uint64_t pc)
{
	struct region_site *site = &region->sites.site[filter_slot(pc)];

	return __builtin_expect(site->pc == pc, 1) ? site : filter_find(pc);
}

static inline __attribute__((always_inline)) void filter_note(struct filter_word *word,
							      const struct lane *me, uint32_t index,
							      uint16_t mask, bool writes)
{
	if (writes) {
		word->write.word = me->stamp.word | index;
		word->write_mask = mask;
	} else {
		word->read.word = me->stamp.word | index;
		word->read_mask = mask;
	}
}

/* The head of a word that only this lane has used, but for FILTER_WRITTEN. */
static inline uint64_t filter_own(const struct lane *me, uint64_t word)
{
	return (uint32_t)(word >> 3) | (uint64_t)(me->slot + 1) << 32;
}

#define FILTER_HEAD_WRITTEN ((uint64_t)FILTER_WRITTEN << 48)

/*
 * Most accesses: of at most a word, to the lane's own, at a place that is known and not shared.
 * False: it is not one of them, and nothing has been noted.
 */
static inline __attribute__((always_inline)) bool filter_passes(const struct lane *me,
								uint64_t address, uint64_t size,
								bool writes, uint64_t pc)
{
	uint32_t slot = filter_slot(pc), skipped = (uint32_t)(address & 7);
	const struct region_site *site = &region->sites.site[slot];
	struct filter_word *word = &filter_words[address / 8 % FILTER_WORDS];
	uint64_t own = filter_own(me, address);

	if (size > 8 || (size > 1 && skipped + size > 8) || site->pc != pc || site->shared ||
	    (word->head.word & ~FILTER_HEAD_WRITTEN) != own)
		return false;
	if (writes)
		word->head.word = own | FILTER_HEAD_WRITTEN;
	filter_note(word, me, slot + 1, (uint16_t)(((1u << size) - 1) << skipped), writes);
	return true;
}

/*
 * Has the lane, which was the last one at this word, done just this at this time before? Then all
 * is known that an access to it may show.
 */
static inline bool filter_repeats(struct filter_word *word, const struct lane *me,
				  const struct filter_access *access)
{
	uint64_t stamp = me->stamp.word | filter_index(access);
	uint16_t whose = (uint16_t)(access->mask | me->slot << FILTER_SLOT_SHIFT);

	if (word->head.tag != (uint32_t)(access->word >> 3) || word->head.flags != FILTER_CONFLICT)
		return false;
	if (access->writes) {
		if (word->write.word != stamp ||
		    (word->write_mask & (uint16_t)~FILTER_COVERED) != whose)
			return false;
		word->read_mask &= (uint16_t)~FILTER_AGAIN;
		return true;
	}
	if (word->read.word != stamp || (word->read_mask & (uint16_t)~FILTER_AGAIN) != whose)
		return false;
	word->read_mask |= word->write_mask & FILTER_COVERED;
	return true;
}

static inline bool filter_word_matters(const struct lane *me, const struct filter_access *access)
{
	struct filter_word *word = &filter_words[access->word / 8 % FILTER_WORDS];

	if (__builtin_expect(
		    (word->head.word & ~FILTER_HEAD_WRITTEN) != filter_own(me, access->word), 0)) {
		if (hb_on && me->stamp.clock && filter_repeats(word, me, access))
			return access->site->shared;
		return filter_look(me, access);
	}
	if (access->writes)
		word->head.flags = FILTER_WRITTEN;
	filter_note(word, me, filter_index(access), access->mask, access->writes);
	return access->site->shared;
}

#endif
