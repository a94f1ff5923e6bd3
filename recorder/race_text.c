/*
 * See race_text.h.
 */
#include "recorder/race_text.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"

struct suppressions {
	struct suppression {
		char *pattern; /* for fnmatch(3) */
		bool top;      /* of the access itself, not of its callers */
	} * items;
	size_t count;
};

static void look_up(const struct record_frame *frame, struct symbols *symbols,
		    struct symbol_location *at)
{
	symbols_lookup(symbols, frame->module, frame->offset, SYMBOLS_RETURN_ADDRESS, at);
}

/* Function `i` of a place: several where the compiler inlined. */
static void add_function(struct text *text, const struct symbol_location *at, unsigned i)
{
	const char *slash;

	if (at->frames[i].function)
		text_add_clean(text, at->frames[i].function);
	else
		text_addf(text, "%s+%#llx", at->module_name, (unsigned long long)at->offset);
	if (!at->frames[i].file)
		return;
	slash = strrchr(at->frames[i].file, '/');
	text_add(text, " (");
	text_add_clean(text, slash ? slash + 1 : at->frames[i].file);
	text_addf(text, ":%u)", at->frames[i].line);
}

static void add_place(struct text *text, const struct record_race_side *side,
		      struct symbols *symbols)
{
	struct symbol_location at;
	int user;

	look_up(&side->frames[0], symbols, &at);
	user = symbols_user_frame(symbols, &at);
	add_function(text, &at, user > 0 ? (unsigned)user : 0);
}

static const char *name_of(const struct record_race *race, const struct race_words *words)
{
	if (race->module)
		return symbols_data(words->symbols, race->module, race->offset);
	return race->context && words->blocks
		       ? block_names_of(words->blocks, race->context, race->offset)
		       : NULL;
}

/* How many bytes; which of them, where the other access is not to the same. */
static void add_bytes(struct text *text, unsigned mask, unsigned other)
{
	unsigned first = (unsigned)__builtin_ctz(mask | other | 256);
	unsigned from = (unsigned)__builtin_ctz(mask | 256), n = (unsigned)__builtin_popcount(mask);

	if (mask == other)
		text_addf(text, "%u byte%s", n, n == 1 ? "" : "s");
	else if (n == 1)
		text_addf(text, "byte %u", from - first);
	else
		text_addf(text, "bytes %u-%u", from - first, from - first + n - 1);
}

static void add_locks(struct text *text, const struct record_race_side *side,
		      const struct race_words *words)
{
	uint32_t i;

	if (!side->lock_count)
		text_add(text, "no lock");
	for (i = 0; i < side->lock_count && i < RACE_LOCKS; i++) {
		text_add(text, i ? ", " : "");
		words->lock(words->self, text, side->locks[i]);
	}
	if (i < side->lock_count)
		text_addf(text, " and %u more", side->lock_count - i);
}

/* The access is told of by its lane, bytes and locks, and how it was come to. */
static void add_side(struct text *text, const struct record_race_side *side, unsigned other,
		     const char *does, const struct race_words *words)
{
	struct symbol_location at;
	unsigned i;
	int f;

	text_addf(text, "\n  T%u %s ", side->lane, does);
	add_bytes(text, side->mask, other);
	text_add(text, ", holding ");
	add_locks(text, side, words);
	for (i = 0; i < side->frame_count; i++) {
		look_up(&side->frames[i], words->symbols, &at);
		f = i ? symbols_user_frame(words->symbols, &at) : 0;
		for (; f >= 0 && f < (int)at.n_frames; f++) {
			text_add(text, "\n      at ");
			add_function(text, &at, (unsigned)f);
		}
	}
}

void race_text(struct text *text, const struct record_race *race, const struct race_words *words)
{
	const struct record_race_side *now = &race->later, *before = &race->earlier;
	const char *name = name_of(race, words);

	text_add(text, "data race on ");
	if (name)
		text_add_clean(text, name);
	else
		text_add(text, race->context ? "allocated memory" : "memory");
	text_addf(text, ": T%u %s it%s at ", now->lane, now->writes ? "writes" : "reads",
		  now->atomic ? " atomically" : "");
	add_place(text, now, words->symbols);
	text_addf(text, ", T%u had %s it%s at ", before->lane, before->writes ? "written" : "read",
		  before->atomic ? " atomically" : "");
	add_place(text, before, words->symbols);
	text_add(text, ", and nothing orders the two");
	add_side(text, now, before->mask, now->writes ? "writes" : "reads", words);
	add_side(text, before, now->mask, before->writes ? "had written" : "had read", words);
}

/* As the sanitizer reads it: a part of the name, unless ^ or $ say otherwise. */
static char *pattern_of(const char *template)
{
	size_t length = strlen(template);
	bool begins = *template == '^', ends = length && template[length - 1] == '$';
	char *pattern;

	alloc_check(asprintf(&pattern, "%s%.*s%s", begins ? "" : "*",
			     (int)(length - begins - (ends && length > begins)), template + begins,
			     ends ? "" : "*") < 0
			    ? NULL
			    : pattern);
	return pattern;
}

static void add_suppression(struct suppressions *suppressions, const char *template, bool top)
{
	suppressions->items =
		alloc_grow(suppressions->items, suppressions->count, sizeof(*suppressions->items));
	suppressions->items[suppressions->count++] =
		(struct suppression){ .pattern = pattern_of(template), .top = top };
}

struct suppressions *suppressions_read(const char *path, struct err *err)
{
	static const char *const kinds[] = { "race:", "race_top:" };
	struct suppressions *suppressions;
	char *line = NULL;
	size_t size = 0, i;
	FILE *file = fopen(path, "re");

	if (!file) {
		err_set(err, errno, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	suppressions = alloc_check(calloc(1, sizeof(*suppressions)));
	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (!strncmp(line, kinds[i], strlen(kinds[i])))
				add_suppression(suppressions, line + strlen(kinds[i]), i == 1);
	}
	free(line);
	fclose(file);
	return suppressions;
}

void suppressions_free(struct suppressions *suppressions)
{
	size_t i;

	if (!suppressions)
		return;
	for (i = 0; i < suppressions->count; i++)
		free(suppressions->items[i].pattern);
	free(suppressions->items);
	free(suppressions);
}

static bool fits(const struct suppressions *suppressions, const char *name, bool caller)
{
	size_t i;

	for (i = 0; name && i < suppressions->count; i++)
		if (!(caller && suppressions->items[i].top) &&
		    fnmatch(suppressions->items[i].pattern, name, 0) == 0)
			return true;
	return false;
}

static bool side_fits(const struct suppressions *suppressions, const struct record_race_side *side,
		      struct symbols *symbols)
{
	struct symbol_location at;
	unsigned i, f;

	for (f = 0; f < side->frame_count; f++) {
		look_up(&side->frames[f], symbols, &at);
		if (fits(suppressions, at.module_name, f > 0))
			return true;
		for (i = 0; i < at.n_frames; i++)
			if (fits(suppressions, at.frames[i].function, f > 0) ||
			    fits(suppressions, at.frames[i].file, f > 0))
				return true;
	}
	return false;
}

bool suppressions_have(const struct suppressions *suppressions, const struct record_race *race,
		       struct symbols *symbols)
{
	return suppressions &&
	       (side_fits(suppressions, &race->earlier, symbols) ||
		side_fits(suppressions, &race->later, symbols) ||
		(race->module &&
		 fits(suppressions, symbols_data(symbols, race->module, race->offset), false)));
}
