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

/*
 * "data race on counter: T3 writes it at worker (count.c:5), T2 had read it at worker (count.c:5),
 * and nothing orders the two". Modules by their number in `symbols`; `blocks` NULL: allocated
 * memory has no name.
 */
void race_text(struct text *text, const struct record_race *race, struct symbols *symbols,
	       struct block_names *blocks);

struct suppressions;

/*
 * Lines "race:PATTERN" and "race_top:PATTERN" of a file (others are passed over): a pattern is a
 * part of a function's, a file's or a library's name, with * for anything, ^ and $ for its ends.
 * NULL with `err`: it cannot be read.
 */
struct suppressions *suppressions_read(const char *path, struct err *err);
void suppressions_free(struct suppressions *suppressions);

/* NULL suppresses nothing. */
bool suppressions_have(const struct suppressions *suppressions, const struct record_race *race,
		       struct symbols *symbols);

#endif
