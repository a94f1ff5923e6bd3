/*
 * See race.h. A few accesses are kept for each shared word: for each lane its last read and write
 * of the same bytes, while they are not known to all. Direct mapped: a word that is displaced is
 * known no more, which may hide a race.
 */
#include "preload/memory/race.h"

#include <stddef.h>
#include <string.h>

#include "formats/hash.h"
#include "preload/log.h"
#include "preload/memory/blocks.h"
#include "preload/memory/calls.h"
#include "preload/memory/hb.h"

#define CELLS 4096u
#define ACCESSES 8u
#define PAIRS 256u

static struct cell {
	uint64_t word;
	uint32_t next; /* to be replaced */
	struct race_access of[ACCESSES];
} cells[CELLS];

static uint64_t told[PAIRS]; /* pairs of places */
static uint32_t told_count;

static struct cell *cell_of(uint64_t word)
{
	struct cell *cell = &cells[(uint32_t)(word * 0x9e3779b97f4a7c15ull >> 40) % CELLS];

	if (cell->word != word) {
		memset(cell, 0, sizeof *cell);
		cell->word = word;
	}
	return cell;
}

static bool is_news(uint64_t pair)
{
	uint32_t i;

	for (i = 0; i < told_count; i++)
		if (told[i] == pair)
			return false;
	if (told_count == PAIRS)
		return false;
	told[told_count++] = pair;
	return true;
}

static void describe(struct record_race_side *side, const struct race_access *access)
{
	uint64_t pcs[RACE_FRAMES];
	uint32_t i;

	pcs[0] = region->sites.site[access->site - 1].pc;
	side->lane = access->lane;
	side->writes = access->writes;
	side->atomic = access->atomic;
	side->mask = access->mask;
	side->frame_count = (uint8_t)(1 + calls_stack(access->where, pcs + 1, RACE_FRAMES - 1));
	for (i = 0; i < side->frame_count; i++)
		side->frames[i].module = log_locate(pcs[i], &side->frames[i].offset);
	side->lock_count = calls_held(access->where, side->locks, RACE_LOCKS);
}

static void tell(uint64_t word, const struct race_access *earlier, const struct race_access *later)
{
	const struct region_site *site = region->sites.site;
	uint64_t address = word + (uint64_t)__builtin_ctz(earlier->mask & later->mask);
	uint64_t one = site[earlier->site - 1].hash, two = site[later->site - 1].hash;
	const struct block *block;
	struct record_race race = { 0 };

	if (!is_news(hash_id(4, one, two)))
		return;
	describe(&race.earlier, earlier);
	describe(&race.later, later);
	block = blocks_find(address);
	if (block) {
		race.context = block->context;
		race.offset = address - block->start;
	} else {
		race.module = log_locate(address, &race.offset);
	}
	log_race(&race);
}

static bool conflict(const struct race_access *a, const struct race_access *b)
{
	return (a->mask & b->mask) && (a->writes || b->writes) && !(a->atomic && b->atomic);
}

/* Another one that says all that this one does. */
static bool covers(const struct lane *me, const struct race_access *fresh,
		   const struct race_access *old)
{
	return !(old->mask & ~fresh->mask) && (fresh->writes || !old->writes) &&
	       fresh->atomic == old->atomic &&
	       (old->slot == fresh->slot || (fresh->writes && hb_knows(me, old->slot, old->clock)));
}

static void put(struct cell *cell, const struct lane *me, const struct race_access *access)
{
	struct race_access *place = NULL;
	uint32_t i;

	for (i = 0; i < ACCESSES; i++) {
		struct race_access *old = &cell->of[i];

		if (old->clock && me && covers(me, access, old))
			old->clock = 0;
		if (!old->clock && !place)
			place = old;
	}
	*(place ? place : &cell->of[cell->next++ % ACCESSES]) = *access;
}

void race_look(const struct lane *me, uint64_t word, const struct race_access *access)
{
	struct cell *cell = cell_of(word);
	uint32_t i;

	for (i = 0; i < ACCESSES; i++) {
		const struct race_access *old = &cell->of[i];

		if (old->clock && old->slot != access->slot && conflict(old, access) &&
		    !hb_knows(me, old->slot, old->clock))
			tell(word, old, access);
	}
	put(cell, me, access);
}

void race_remember(uint64_t word, const struct race_access *access)
{
	put(cell_of(word), NULL, access);
}

void race_again(uint64_t word, struct race_access *read)
{
	struct cell *cell = cell_of(word);
	uint32_t i;

	for (i = 0; i < ACCESSES; i++) {
		const struct race_access *write = &cell->of[i];

		if (write->clock != read->clock || write->slot != read->slot)
			continue;
		read->lane = write->lane;
		put(cell, NULL, read);
		return;
	}
}

void race_forget(uint64_t word)
{
	struct cell *cell = &cells[(uint32_t)(word * 0x9e3779b97f4a7c15ull >> 40) % CELLS];

	if (cell->word == word)
		memset(cell, 0, sizeof *cell);
}
