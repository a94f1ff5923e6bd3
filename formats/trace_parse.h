/*
 * Reads one line of a trace: which type it is, and what it holds. Events, decisions and answers in
 * the form that they are written in are read by hand; everything else, and any other valid JSON for
 * these (other key order, white space, unknown keys), through cJSON. Used by trace_reader.c.
 *
 * Lines are hostile: size, depth and number of values are checked before cJSON sees them, numbers
 * before they are used. Which line may stand where is not judged here.
 */
#ifndef FORMATS_TRACE_PARSE_H
#define FORMATS_TRACE_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "formats/err.h"
#include "formats/trace_lane_k.h"
#include "formats/trace_lines.h"

/* An event kind and its name of less than 16 bytes, as two words padded with zeros. */
struct trace_kind {
	uint64_t name[2];
	uint16_t len;
	uint16_t kind;
};

/* Owns what the last parsed line points to. */
struct trace_parser {
	struct trace_lane_k lane_k; /* reset it at each frame */
	cJSON *json;
	uint32_t *from;
	uint32_t from_cap;
	char *bytes; /* decoded values */
	size_t bytes_cap;
	struct trace_kind kinds[64]; /* cache by hash of the name */
};

void trace_parser_init(struct trace_parser *parser);
void trace_parser_fini(struct trace_parser *parser);

/*
 * Type of the line from its first key alone. A line that is not an object with a key is
 * TRACE_LINE_OTHER; trace_parse_line() then says what is wrong with it.
 */
enum trace_line_type trace_parse_any_type(const char *text, size_t len);

static inline enum trace_line_type trace_parse_type(const char *text, size_t len)
{
	/* Nearly all lines begin so. */
	if (len > 6 && !memcmp(text, "{\"e\":", 5))
		return TRACE_LINE_EVENT;
	if (len > 6 && !memcmp(text, "{\"d\":", 5))
		return TRACE_LINE_DECISION;
	if (len > 7 && !memcmp(text, "{\"in\":", 6))
		return TRACE_LINE_ANSWER;
	return trace_parse_any_type(text, len);
}

/*
 * Fill `line` (but for its number). 0, or -code with `err` set: TRACE_ERR_CORRUPT, TRACE_ERR_LIMIT
 * or ENOMEM. The text of `err` says what is wrong, not where.
 */
int trace_parse_line(struct trace_parser *parser, const char *text, size_t len,
		     struct trace_line *line, struct err *err);

/*
 * A whole number from a JSON number or a decimal string; false when it is neither or out of range.
 */
bool trace_parse_int(const cJSON *item, int64_t *value);
bool trace_parse_uint(const cJSON *item, uint64_t max, uint64_t *value);

#endif
