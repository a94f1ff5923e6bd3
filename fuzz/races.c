/*
 * See races.h. Modules have another number in each run: here they are numbered by their path.
 */
#include "fuzz/races.h"

#include <stdlib.h>
#include <string.h>

#include "formats/hash.h"
#include "fuzz/set64.h"
#include "recorder/alloc.h"

#define MODULES 256u
#define TEXTS_MAX 1000u

enum { SUPPRESSED = 1, SHOWN }; /* ... and behind it the number of its text */

struct races {
	const struct suppressions *suppressions;
	struct symbols *symbols;
	char *modules[MODULES]; /* paths, by number - 1 */
	uint32_t module_count;
	struct set64 known; /* SUPPRESSED or SHOWN */
	char **texts;
	size_t count;
};

struct races *races_new(const struct suppressions *suppressions)
{
	struct races *races = alloc_check(calloc(1, sizeof(*races)));

	races->suppressions = suppressions;
	races->symbols = symbols_new();
	return races;
}

void races_free(struct races *races)
{
	uint32_t i;

	if (!races)
		return;
	for (i = 0; i < races->module_count; i++)
		free(races->modules[i]);
	while (races->count)
		free(races->texts[--races->count]);
	free(races->texts);
	set64_fini(&races->known);
	symbols_free(races->symbols);
	free(races);
}

/* Number of the module here; 0: it is not known, or there are too many. */
static uint32_t module_of(struct races *races, const struct run_log *log, uint32_t number)
{
	const char *path = number && number < log->module_count ? log->modules[number].path : "";
	uint32_t i;

	if (!*path)
		return 0;
	for (i = 0; i < races->module_count; i++)
		if (!strcmp(races->modules[i], path))
			return i + 1;
	if (races->module_count == MODULES)
		return 0;
	races->modules[races->module_count++] = alloc_check(strdup(path));
	symbols_module(races->symbols, races->module_count, path, NULL);
	return races->module_count;
}

static uint64_t hash_side(const struct record_race_side *side)
{
	return hash_id(side->place.module, side->place.offset, 0);
}

/* Which of the two came first is no matter. */
static uint64_t hash_pair(const struct record_race *race)
{
	uint64_t a = hash_side(&race->earlier), b = hash_side(&race->later);

	return hash_id(4, a < b ? a : b, a < b ? b : a);
}

static uint64_t judge(struct races *races, const struct record_race *race)
{
	char space[1024];
	struct text text;

	if (suppressions_have(races->suppressions, race, races->symbols))
		return SUPPRESSED;
	if (races->count == TEXTS_MAX)
		return SUPPRESSED;
	text_init(&text, space, sizeof(space));
	race_text(&text, race, races->symbols, NULL);
	races->texts = alloc_grow(races->texts, races->count, sizeof(*races->texts));
	races->texts[races->count++] = alloc_check(strdup(space));
	return SHOWN + races->count - 1;
}

const char *races_add(struct races *races, const struct run_log *log)
{
	const char *first = NULL;
	size_t i;

	for (i = 0; i < log->race_count; i++) {
		struct record_race race = log->races[i];
		uint64_t *known;

		race.module = module_of(races, log, race.module);
		race.earlier.place.module = module_of(races, log, race.earlier.place.module);
		race.later.place.module = module_of(races, log, race.later.place.module);
		known = set64_at(&races->known, hash_pair(&race));
		if (!*known)
			*known = judge(races, &race);
		if (*known >= SHOWN && !first)
			first = races->texts[*known - SHOWN];
	}
	return first;
}

size_t races_count(const struct races *races)
{
	return races->count;
}

const char *races_text(const struct races *races, size_t i)
{
	return races->texts[i];
}
