/*
 * See races.h. Modules have another number in each run: here they are numbered by their path.
 */
#include "fuzz/races.h"

#include <stdlib.h>
#include <string.h>

#include "formats/hash.h"
#include "fuzz/set64.h"
#include "recorder/alloc.h"
#include "recorder/ids.h"

#define MODULES 256u
#define TEXTS_MAX 1000u

enum { SUPPRESSED = 1, SHOWN }; /* ... and behind it the number of its text */

struct races {
	const struct suppressions *suppressions;
	struct symbols *symbols;
	char *modules[MODULES]; /* paths, by number - 1 */
	uint32_t module_count;
	struct set64 known; /* SUPPRESSED or SHOWN */
	struct told {
		char *text;
		char *headline; /* its first line */
	} * texts;
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
	while (races->count) {
		free(races->texts[--races->count].text);
		free(races->texts[races->count].headline);
	}
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
	return hash_id(side->frames[0].module, side->frames[0].offset, 0);
}

/* Which of the two came first is no matter. */
static uint64_t hash_pair(const struct record_race *race)
{
	uint64_t a = hash_side(&race->earlier), b = hash_side(&race->later);

	return hash_id(4, a < b ? a : b, a < b ? b : a);
}

/* A run's locks, for the words of its races. */
struct run_locks {
	struct races *races;
	const struct run_log *log;
};

static void add_lock(void *self, struct text *text, uint32_t object)
{
	const struct run_locks *locks = self;
	const struct record_object *lock = run_log_lock(locks->log, object);
	const char *name = NULL;
	char lane_space[256], id_space[512];
	struct text lane, id;
	uint32_t module;

	if (!lock) {
		text_add(text, "a lock");
		return;
	}
	module = module_of(locks->races, locks->log, lock->module);
	if (lock->class == OBJECT_STATIC)
		name = symbols_data(locks->races->symbols, module, lock->offset);
	if (!name) {
		text_init(&lane, lane_space, sizeof(lane_space));
		run_log_lane_text(locks->log, lock->lane, &lane);
		text_init(&id, id_space, sizeof(id_space));
		ids_object(&id, lock, module ? locks->races->modules[module - 1] : "?", lane.data);
		name = id.data;
	}
	text_add_clean(text, name);
}

static uint64_t judge(struct races *races, const struct run_log *log,
		      const struct record_race *race)
{
	struct run_locks locks = { .races = races, .log = log };
	const struct race_words words = { .symbols = races->symbols,
					  .lock = add_lock,
					  .self = &locks };
	char space[RACE_TEXT];
	struct text text;
	struct told *told;

	if (suppressions_have(races->suppressions, race, races->symbols))
		return SUPPRESSED;
	if (races->count == TEXTS_MAX)
		return SUPPRESSED;
	text_init(&text, space, sizeof(space));
	race_text(&text, race, &words);
	races->texts = alloc_grow(races->texts, races->count, sizeof(*races->texts));
	told = &races->texts[races->count++];
	told->text = alloc_check(strdup(space));
	told->headline = alloc_check(strndup(space, strcspn(space, "\n")));
	return SHOWN + races->count - 1;
}

static void number_modules(struct races *races, const struct run_log *log,
			   struct record_race_side *side)
{
	uint32_t i;

	for (i = 0; i < side->frame_count; i++)
		side->frames[i].module = module_of(races, log, side->frames[i].module);
}

const char *races_add(struct races *races, const struct run_log *log)
{
	const char *first = NULL;
	size_t i;

	for (i = 0; i < log->race_count; i++) {
		struct record_race race = log->races[i];
		uint64_t *known;

		race.module = module_of(races, log, race.module);
		number_modules(races, log, &race.earlier);
		number_modules(races, log, &race.later);
		known = set64_at(&races->known, hash_pair(&race));
		if (!*known)
			*known = judge(races, log, &race);
		if (*known >= SHOWN && !first)
			first = races->texts[*known - SHOWN].headline;
	}
	return first;
}

size_t races_count(const struct races *races)
{
	return races->count;
}

const char *races_text(const struct races *races, size_t i)
{
	return races->texts[i].text;
}
