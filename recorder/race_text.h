/*
 * A data race in words, and the files of suppressions that the thread sanitizer has for them.
 */
#ifndef RECORDER_RACE_TEXT_H
#define RECORDER_RACE_TEXT_H

#include <stdbool.h>

#include "formats/err.h"
#include "formats/record.h"
#include "recorder/block_names.h"
#include "recorder/symbols.h"
#include "recorder/text.h"

/* RACE_TEXT bytes are enough for most of them; a longer one is cut. */
#define RACE_TEXT 4096

/* Where the names come from. */
struct race_words {
	struct symbols *symbols;    /* modules by their numbers in the record */
	struct block_names *blocks; /* NULL: allocated memory has no name */
	/* what people call a lock, by its number */
	void (*lock)(void *self, struct text *text, uint32_t object);
	void *self;
};

/*
 * Several lines: "data race on counter: T3 writes it at worker (count.c:5), T2 had written it at
 * worker (count.c:5), and nothing orders the two", then for each access its bytes, the locks that
 * its thread held, and the calls that led to it.
 */
void race_text(struct text *text, const struct record_race *race, const struct race_words *words);

struct suppressions;

/*
 * Lines "race:PATTERN" and "race_top:PATTERN" of a file (others are passed over): a pattern is a
 * part of a function's, a file's or a library's name, with * for anything, ^ and $ for its ends:
 * of the access or one of its callers, with race_top: of the access alone.
 * NULL with `err`: it cannot be read.
 */
struct suppressions *suppressions_read(const char *path, struct err *err);
void suppressions_free(struct suppressions *suppressions);

/* NULL suppresses nothing. */
bool suppressions_have(const struct suppressions *suppressions, const struct record_race *race,
		       struct symbols *symbols);

#endif
