/*
 * See set64.h. Keys are hashes already: their low bits are the place.
 */
#include "fuzz/set64.h"

#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"

static struct set64_entry *find(const struct set64 *set, uint64_t key)
{
	size_t mask = set->size - 1, i = key & mask;

	while (set->entries[i].key && set->entries[i].key != key)
		i = (i + 1) & mask;
	return &set->entries[i];
}

static void grow(struct set64 *set)
{
	struct set64 larger = { .size = set->size ? 2 * set->size : 64, .count = set->count };
	size_t i;

	larger.entries = alloc_check(calloc(larger.size, sizeof(*larger.entries)));
	for (i = 0; i < set->size; i++)
		if (set->entries[i].key)
			*find(&larger, set->entries[i].key) = set->entries[i];
	free(set->entries);
	*set = larger;
}

uint64_t *set64_at(struct set64 *set, uint64_t key)
{
	struct set64_entry *entry;

	key = key ? key : 1;
	if (2 * set->count >= set->size)
		grow(set);
	entry = find(set, key);
	if (!entry->key) {
		entry->key = key;
		set->count++;
	}
	return &entry->value;
}

uint64_t set64_get(const struct set64 *set, uint64_t key)
{
	return set->size ? find(set, key ? key : 1)->value : 0;
}

bool set64_has(const struct set64 *set, uint64_t key)
{
	return set->size && find(set, key ? key : 1)->key;
}

bool set64_add(struct set64 *set, uint64_t key)
{
	size_t before = set->count;

	set64_at(set, key);
	return set->count > before;
}

void set64_fini(struct set64 *set)
{
	free(set->entries);
	memset(set, 0, sizeof(*set));
}
