/*
 * See filter.h.
 */
#include "preload/memory/filter.h"

#include <stddef.h>
#include <string.h>

#include "formats/hash.h"
#include "preload/decide.h"
#include "preload/memory/hb.h"
#include "preload/memory/oracle.h"
#include "preload/memory/race.h"
#include "preload/modules.h"

#define PROBES 64

struct filter_word filter_words[FILTER_WORDS];

/* Which parts of it have been used: to look at the others would make their pages present. */
#define PART 128u /* words: of a page */
static uint64_t parts[FILTER_WORDS / PART / 64] SMALL;

static bool part_used(uint32_t slot)
{
	return parts[slot / PART / 64] >> (slot / PART % 64) & 1;
}

static const uint64_t *planned; /* hashes of places that are shared from the start, ascending */
static uint32_t planned_count;

static bool is_planned(uint64_t hash)
{
	uint32_t low = 0, high = planned_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (planned[middle] < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low < planned_count && planned[low] == hash;
}

static void share(struct region_site *site)
{
	region->sites.shared += !site->shared;
	site->shared = 1;
}

/* Others have learned of places that are in the table already. */
static void share_planned(void)
{
	uint32_t i;

	if (!region->sites.count)
		return;
	for (i = 0; i < REGION_SITES; i++)
		if (region->sites.site[i].pc && is_planned(region->sites.site[i].hash))
			share(&region->sites.site[i]);
}

void filter_start(void)
{
	if (region->sites.count)
		memset(&region->sites, 0, sizeof region->sites);
	filter_plan();
}

void filter_plan(void)
{
	uint32_t length;

	planned = decide_section(PLAN_SHARED_SITES, &length);
	planned_count = planned ? length / sizeof *planned : 0;
	if (planned_count > region->sites.shared)
		share_planned();
}

static uint64_t hash_place(uint64_t pc)
{
	const struct module *module = modules_lookup(pc);
	const char *base, *p;

	if (!module)
		return hash_id(3, 0, 0);
	for (base = p = module->path; *p; p++)
		if (*p == '/')
			base = p + 1;
	return hash_id(3, hash_bytes(base, (uint64_t)(p - base)), pc - module->bias);
}

struct region_site *filter_find(uint64_t pc)
{
	uint32_t slot = filter_slot(pc), i;
	struct region_site *site;

	for (i = 0; i < PROBES; i++, slot = (slot + 1) & (REGION_SITES - 1)) {
		site = &region->sites.site[slot];
		if (site->pc == pc)
			return site;
		if (site->pc)
			continue;
		site->pc = pc;
		site->hash = hash_place(pc);
		region->sites.count++;
		if (is_planned(site->hash))
			share(site);
		return site;
	}
	return NULL;
}

static void share_index(uint16_t index)
{
	if (index)
		share(&region->sites.site[index - 1]);
}

static struct race_access race_access(const struct filter_word *word, bool writes)
{
	const union lane_stamp *stamp = writes ? &word->write : &word->read;
	uint16_t mask = writes ? word->write_mask : word->read_mask;

	return (struct race_access){
		.clock = stamp->clock,
		.lane = word->lane,
		.site = stamp->site,
		.where = stamp->where,
		.slot = (uint8_t)(word->head.owner - 1),
		.mask = (uint8_t)mask,
		.writes = writes,
		.atomic = mask & FILTER_ATOMIC,
	};
}

/* `first`: it is the first of another lane than the one that has used the word so far. */
static void look_for_races(const struct lane *me, const struct filter_word *word,
			   const struct filter_access *access, bool first)
{
	struct race_access now = {
		.clock = me->stamp.clock,
		.lane = me->number,
		.site = (uint16_t)filter_index(access),
		.where = me->stamp.where,
		.slot = (uint8_t)me->slot,
		.mask = (uint8_t)access->mask,
		.writes = access->writes,
		.atomic = access->mask & FILTER_ATOMIC,
	};
	struct race_access before;
	int writes;

	for (writes = 0; first && writes < 2; writes++) {
		before = race_access(word, writes);
		if (before.clock && before.site)
			race_remember(access->word, &before);
	}
	race_look(me, access->word, &now);
}

/* A read of `word` that its lane's write covered was done again: the cell has it once more. */
static void read_again(struct filter_word *word, uint64_t address)
{
	struct race_access read = race_access(word, false);

	read.slot = (uint8_t)((word->read_mask & FILTER_SLOT) >> FILTER_SLOT_SHIFT);
	race_again(address, &read);
	word->read_mask &= (uint16_t)~FILTER_AGAIN;
}

/*
 * An access to a word of a conflict has been looked at: what filter_repeats() is to know of it. All
 * places where it was used are known as shared, so the stamps are needed for nothing else.
 */
static void note_conflict(struct filter_word *word, const struct lane *me,
			  const struct filter_access *access, bool first)
{
	uint16_t slot = (uint16_t)(me->slot << FILTER_SLOT_SHIFT);
	uint16_t last = access->writes ? word->read_mask : word->write_mask;

	if (first || (last ^ slot) & FILTER_SLOT) {
		word->read.word = word->write.word = 0;
		word->read_mask = word->write_mask = slot;
	}
	filter_note(word, me, filter_index(access), access->mask | slot, access->writes);
	word->write_mask &= (uint16_t)~FILTER_COVERED;
	if (access->writes && word->read.clock &&
	    race_covers(access->mask, word->read_mask & FILTER_BYTES))
		word->write_mask |= FILTER_COVERED;
}

bool filter_look(const struct lane *me, const struct filter_access *access)
{
	uint32_t slot = access->word / 8 % FILTER_WORDS;
	struct filter_word *word = &filter_words[slot];
	bool clocks = hb_on && me->stamp.clock;
	uint16_t before;

	if (oracle_others_stack(me, access->word))
		share(access->site);
	if (word->head.tag != (uint32_t)(access->word >> 3)) {
		parts[slot / PART / 64] |= 1ull << (slot / PART % 64);
		*word = (struct filter_word){
			.head.word = filter_own(me, access->word),
			.lane = me->number,
		};
		word->head.flags = access->writes ? FILTER_WRITTEN : 0;
		filter_note(word, me, filter_index(access), access->mask, access->writes);
		return access->site->shared || (quarantine_any && quarantine_find(access->word));
	}
	before = word->head.flags;
	word->head.flags |= (word->head.owner != me->slot + 1 ? FILTER_SHARED : 0) |
			    (access->writes ? FILTER_WRITTEN : 0);
	if (word->head.flags == FILTER_CONFLICT) {
		share(access->site);
		share_index(word->read.site);
		share_index(word->write.site);
	}
	if (clocks && (word->head.flags & FILTER_SHARED)) {
		if (before == FILTER_CONFLICT && (word->read_mask & FILTER_AGAIN))
			read_again(word, access->word);
		look_for_races(me, word, access, !(before & FILTER_SHARED));
	}
	if (clocks && word->head.flags == FILTER_CONFLICT)
		note_conflict(word, me, access, before != FILTER_CONFLICT);
	else
		filter_note(word, me, filter_index(access), access->mask, access->writes);
	return access->site->shared;
}

bool filter_ends(const struct lane *me, uint64_t address)
{
	struct filter_word *word = &filter_words[address / 8 % FILTER_WORDS];

	if (word->head.tag != (uint32_t)(address >> 3) ||
	    (word->head.owner == me->slot + 1 && !(word->head.flags & FILTER_SHARED)))
		return false;
	share_index(word->read.site);
	share_index(word->write.site);
	return true;
}

void filter_forget(uint64_t start, uint64_t size)
{
	uint64_t address = start & ~7ull;
	uint32_t i;

	if (size / 8 >= FILTER_WORDS) {
		for (i = 0; i < FILTER_WORDS; i++)
			if (filter_words[i].head.tag - (uint32_t)(start >> 3) < size >> 3)
				filter_words[i].head.tag = 0;
		return;
	}
	for (; address < start + size; address += 8) {
		uint32_t slot = address / 8 % FILTER_WORDS;
		struct filter_word *word = &filter_words[slot];

		if (!part_used(slot)) {
			address += (PART - 1 - slot % PART) * 8;
			continue;
		}
		if (word->head.tag != (uint32_t)(address >> 3))
			continue;
		word->head.tag = 0;
		if (hb_on && (word->head.flags & FILTER_SHARED))
			race_forget(address);
	}
}
