/*
 * The text of `frontrun info`, from facts that the command has collected. Prints, and reads
 * nothing.
 */
#ifndef REPLAYER_INFO_TEXT_H
#define REPLAYER_INFO_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "formats/json_out.h"
#include "recorder/text.h"
#include "replayer/census.h"
#include "replayer/input.h"
#include "replayer/trace_file.h"

/* What --verify found. */
enum info_verdict {
	INFO_UNVERIFIED, /* not asked */
	INFO_SAME,
	INFO_DIFFERENT,
	INFO_REFUSED, /* the hashes cannot be computed or compared: `refused` says why */
};

struct info {
	struct trace_file *file;
	struct census census;
	struct input input;
	enum info_verdict verdict;
	uint64_t order_hash, hb_hash; /* computed again, valid for SAME and DIFFERENT */
	struct err refused;
};

enum {
	INFO_SENSITIVE_COUNT = 16,
	INFO_JSON_THREADS = 4096,
};

/*
 * Class `i` of what a trace may give away: false when the trace has nothing of it. `what`, which
 * may be NULL, gets it in words. info_sensitive_word() is its name for programs.
 */
bool info_sensitive(const struct info *info, unsigned i, struct text *what);
const char *info_sensitive_word(unsigned i);

uint32_t info_count_lanes(const struct info *info);
uint32_t info_count_objects(const struct info *info);

void info_text(const struct info *info, FILE *out);
void info_sensitive_text(const struct info *info, FILE *out);

/* What came in from the outside, and whether a replay needs any of it again. */
void info_input_text(const struct info *info, FILE *out);
void info_input_json(const struct info *info, struct json_out *out);

/* Lines of a list: a count and a name; how many are left out. */
void info_put_count(FILE *out, uint64_t count, const struct text *name);
void info_put_more(FILE *out, uint64_t total, uint64_t shown);

#endif
