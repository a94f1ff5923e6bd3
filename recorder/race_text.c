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
	char **patterns; /* for fnmatch(3) */
	size_t count;
};

static void look_up(const struct record_race_side *side, struct symbols *symbols,
		    struct symbol_location *at)
{
	symbols_lookup(symbols, side->place.module, side->place.offset, SYMBOLS_RETURN_ADDRESS, at);
}

static void add_place(struct text *text, const struct record_race_side *side,
		      struct symbols *symbols)
{
	struct symbol_location at;
	const char *slash;

	look_up(side, symbols, &at);
	if (at.frames[0].function)
		text_add_clean(text, at.frames[0].function);
	else
		text_addf(text, "%s+%#llx", at.module_name, (unsigned long long)at.offset);
	if (!at.frames[0].file)
		return;
	slash = strrchr(at.frames[0].file, '/');
	text_add(text, " (");
	text_add_clean(text, slash ? slash + 1 : at.frames[0].file);
	text_addf(text, ":%u)", at.frames[0].line);
}

static const char *name_of(const struct record_race *race, struct symbols *symbols,
			   struct block_names *blocks)
{
	if (race->module)
		return symbols_data(symbols, race->module, race->offset);
	return race->context && blocks ? block_names_of(blocks, race->context, race->offset) : NULL;
}

void race_text(struct text *text, const struct record_race *race, struct symbols *symbols,
	       struct block_names *blocks)
{
	const struct record_race_side *now = &race->later, *before = &race->earlier;
	const char *name = name_of(race, symbols, blocks);

	text_add(text, "data race on ");
	if (name)
		text_add_clean(text, name);
	else
		text_add(text, race->context ? "allocated memory" : "memory");
	text_addf(text, ": T%u %s it%s at ", now->lane, now->writes ? "writes" : "reads",
		  now->atomic ? " atomically" : "");
	add_place(text, now, symbols);
	text_addf(text, ", T%u had %s it%s at ", before->lane, before->writes ? "written" : "read",
		  before->atomic ? " atomically" : "");
	add_place(text, before, symbols);
	text_add(text, ", and nothing orders the two");
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
			if (!strncmp(line, kinds[i], strlen(kinds[i]))) {
				suppressions->patterns =
					alloc_grow(suppressions->patterns, suppressions->count,
						   sizeof(*suppressions->patterns));
				suppressions->patterns[suppressions->count++] =
					pattern_of(line + strlen(kinds[i]));
			}
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
		free(suppressions->patterns[i]);
	free(suppressions->patterns);
	free(suppressions);
}

static bool fits(const struct suppressions *suppressions, const char *name)
{
	size_t i;

	for (i = 0; name && i < suppressions->count; i++)
		if (fnmatch(suppressions->patterns[i], name, 0) == 0)
			return true;
	return false;
}

static bool side_fits(const struct suppressions *suppressions, const struct record_race_side *side,
		      struct symbols *symbols)
{
	struct symbol_location at;
	unsigned i;

	look_up(side, symbols, &at);
	if (fits(suppressions, at.module_name))
		return true;
	for (i = 0; i < at.n_frames; i++)
		if (fits(suppressions, at.frames[i].function) ||
		    fits(suppressions, at.frames[i].file))
			return true;
	return false;
}

bool suppressions_have(const struct suppressions *suppressions, const struct record_race *race,
		       struct symbols *symbols)
{
	return suppressions &&
	       (side_fits(suppressions, &race->earlier, symbols) ||
		side_fits(suppressions, &race->later, symbols) ||
		(race->module &&
		 fits(suppressions, symbols_data(symbols, race->module, race->offset))));
}
