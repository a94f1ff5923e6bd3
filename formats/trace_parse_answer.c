/*
 * Reads the lines of what the outside answered, the fast way and the slow way. In both, bytes that
 * are written with escapes or as base64 go into the parser's buffer, where no line takes more room
 * than it has characters.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/syscall_names.h"
#include "formats/trace_cursor.h"
#include "formats/trace_parse.h"
#include "formats/trace_parse_fast.h"
#include "formats/trace_reader.h"

/* The call by its name, or by the number that stands in the place of one. */
static uint16_t call_number(const char *name, size_t len)
{
	int number = syscall_number(name, len);
	unsigned value = 0;
	size_t i;

	if (number >= 0)
		return (uint16_t)number;
	for (i = 0; i < len && name[i] >= '0' && name[i] <= '9' && value < TRACE_CALL_UNKNOWN; i++)
		value = value * 10 + (unsigned)(name[i] - '0');
	return len && i == len && value < TRACE_CALL_UNKNOWN ? (uint16_t)value : TRACE_CALL_UNKNOWN;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 16 digits. */
static bool take_hash(struct cursor *c, uint64_t *hash)
{
	unsigned i;
	int digit;

	if (c->end - c->p < 16)
		return false;
	for (*hash = 0, i = 0; i < 16; i++) {
		digit = hex_digit(*c->p++);
		if (digit < 0)
			return false;
		*hash = *hash << 4 | (unsigned)digit;
	}
	return true;
}

/* One of the short escapes or \u00XX, as UTF-8; false for any other. */
static bool take_escape(struct cursor *c, char **out)
{
	static const char names[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	unsigned value;
	size_t i;
	int high, low;

	if (c->end - c->p < 2)
		return false;
	for (i = 0; i + 1 < sizeof(names); i += 2) {
		if (names[i] == c->p[1]) {
			*(*out)++ = names[i + 1];
			c->p += 2;
			return true;
		}
	}
	if (c->end - c->p < 6 || memcmp(c->p, "\\u00", 4))
		return false;
	high = hex_digit(c->p[4]);
	low = hex_digit(c->p[5]);
	if (high < 0 || low < 0 || !(high | low))
		return false;
	value = (unsigned)(high << 4 | low);
	if (value >= 0x80)
		*(*out)++ = (char)(0xc0 | value >> 6);
	*(*out)++ = (char)(value < 0x80 ? value : 0x80 | (value & 0x3f));
	c->p += 6;
	return true;
}

/* Characters that stand for themselves in a string. */
static size_t plain_length(const struct cursor *c, bool *high)
{
	const char *p = c->p;

	while (p < c->end && *p != '"' && *p != '\\' && ((unsigned char)*p >= ' ')) {
		*high |= *p < 0;
		p++;
	}
	return (size_t)(p - c->p);
}

/* A string behind its opening quote; *room is where decoded bytes may go, and moves on. */
static bool take_text(struct cursor *c, char **room, const void **text, size_t *len)
{
	bool high = false;
	size_t n = plain_length(c, &high);
	char *start = *room;

	*text = c->p;
	*len = n;
	if (c->p + n < c->end && c->p[n] == '"') {
		c->p += n + 1;
		return !high || json_is_utf8(*text, n);
	}
	for (;;) {
		memcpy(*room, c->p, n);
		*room += n;
		c->p += n;
		if (STEP(c, "\""))
			break;
		if (c->p == c->end || *c->p != '\\' || !take_escape(c, room))
			return false;
		n = plain_length(c, &high);
	}
	*text = start;
	*len = (size_t)(*room - start);
	return !high || json_is_utf8(start, *len);
}

static bool take_b64(struct cursor *c, char **room, const void **bytes, size_t *len)
{
	const char *text;
	size_t text_len;
	int64_t n;

	if (!STEP(c, "{\"b64\":\"") || !take_plain(c, &text, &text_len) || !STEP(c, "}"))
		return false;
	n = json_b64_decode(text, text_len, *room);
	if (n < 0)
		return false;
	*bytes = *room;
	*len = (size_t)n;
	*room += n;
	return true;
}

static bool take_payload(struct cursor *c, char **room, const void **bytes, size_t *len)
{
	bool ok = STEP(c, "\"") ? take_text(c, room, bytes, len) : take_b64(c, room, bytes, len);

	return ok && *len <= TRACE_BYTES_MAX;
}

static bool take_args(struct cursor *c, int64_t args[6])
{
	unsigned i = 0;

	do
		if (i == 6 || !take_int(c, &args[i++]))
			return false;
	while (STEP(c, ","));
	return STEP(c, "]");
}

static bool take_flags(struct cursor *c, uint16_t *flags)
{
	const char *name;
	size_t len;

	do {
		if (!STEP(c, "\"") || !take_plain(c, &name, &len))
			return false;
		*flags |= (uint16_t)trace_answer_flag_by_name(name, len);
	} while (STEP(c, ","));
	return STEP(c, "]");
}

static bool members(struct cursor *c, char *room, struct trace_answer *answer)
{
	if (STEP(c, ",\"pr\":") && !take_uint32(c, UINT32_MAX, &answer->process))
		return false;
	if (STEP(c, ",\"l\":") && !take_uint32(c, TRACE_LANE_MAX, &answer->lane))
		return false;
	if (STEP(c, ",\"a\":[") && !take_args(c, answer->args))
		return false;
	if (STEP(c, ",\"r\":") && !take_int(c, &answer->result))
		return false;
	if (STEP(c, ",\"name\":") && !take_payload(c, &room, &answer->name, &answer->name_len))
		return false;
	if (STEP(c, ",\"sent\":") && !take_payload(c, &room, &answer->sent, &answer->sent_len))
		return false;
	if (STEP(c, ",\"hash\":\"") && !(take_hash(c, &answer->sent_hash) && STEP(c, "\"")))
		return false;
	if (STEP(c, ",\"got\":") && !take_payload(c, &room, &answer->got, &answer->got_len))
		return false;
	if (STEP(c, ",\"f\":[") && !take_flags(c, &answer->flags))
		return false;
	return STEP(c, "}") && c->p == c->end;
}

bool trace_parse_fast_answer(struct trace_parser *parser, const char *text, size_t len,
			     struct trace_answer *answer)
{
	struct cursor c = { text, text + len };
	char *room = trace_parser_bytes(parser, len);

	memset(answer, 0, sizeof(*answer));
	if (!room || !STEP(&c, "{\"in\":\"") || !take_plain(&c, &answer->in, &answer->in_len))
		return false;
	answer->call = call_number(answer->in, answer->in_len);
	return members(&c, room, answer);
}

static const cJSON *member(const struct trace_parser *parser, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(parser->json, key);
}

static int json_number(const struct trace_parser *parser, const char *key, uint64_t max,
		       uint32_t *value, struct err *err)
{
	const cJSON *item = member(parser, key);
	uint64_t n = 0;

	if (item && !trace_parse_uint(item, max, &n))
		return trace_parse_bad(key, err);
	*value = (uint32_t)n;
	return 0;
}

static int json_payload(const struct trace_parser *parser, const char *key, char **room,
			const void **bytes, size_t *len, struct err *err)
{
	const cJSON *item = member(parser, key);
	const cJSON *b64 = cJSON_GetObjectItemCaseSensitive(item, "b64");
	int64_t n = 0;

	if (!item)
		return 0;
	if (cJSON_IsString(item)) {
		*bytes = item->valuestring;
		*len = strlen(item->valuestring);
	} else {
		n = cJSON_IsString(b64)
			    ? json_b64_decode(b64->valuestring, strlen(b64->valuestring), *room)
			    : -1;
		*bytes = *room;
		*len = n > 0 ? (size_t)n : 0;
		*room += *len;
	}
	return n < 0 || *len > TRACE_BYTES_MAX ? trace_parse_bad(key, err) : 0;
}

static int json_args(const struct trace_parser *parser, int64_t args[6], struct err *err)
{
	const cJSON *array = member(parser, "a"), *item;
	unsigned i = 0;

	if (array && !cJSON_IsArray(array))
		return trace_parse_bad("a", err);
	cJSON_ArrayForEach (item, array) {
		if (i == 6 || !trace_parse_int(item, &args[i++]))
			return trace_parse_bad("a", err);
	}
	return 0;
}

static int json_flags(const struct trace_parser *parser, uint16_t *flags, struct err *err)
{
	const cJSON *array = member(parser, "f"), *item;

	if (array && !cJSON_IsArray(array))
		return trace_parse_bad("f", err);
	cJSON_ArrayForEach (item, array) {
		if (!cJSON_IsString(item))
			return trace_parse_bad("f", err);
		*flags |= (uint16_t)trace_answer_flag_by_name(item->valuestring,
							      strlen(item->valuestring));
	}
	return 0;
}

static int json_hash_of(const struct trace_parser *parser, uint64_t *hash, struct err *err)
{
	const cJSON *item = member(parser, "hash");
	struct cursor c;

	if (!item)
		return 0;
	if (!cJSON_IsString(item))
		return trace_parse_bad("hash", err);
	c = (struct cursor){ item->valuestring, item->valuestring + strlen(item->valuestring) };
	return take_hash(&c, hash) && c.p == c.end ? 0 : trace_parse_bad("hash", err);
}

int trace_parse_json_answer(struct trace_parser *parser, size_t len, struct trace_answer *answer,
			    struct err *err)
{
	char *room = trace_parser_bytes(parser, len);
	const cJSON *in = member(parser, "in"), *result = member(parser, "r");
	int rc;

	memset(answer, 0, sizeof(*answer));
	if (!room)
		return err_set(err, ENOMEM, "out of memory");
	if (!cJSON_IsString(in))
		return trace_parse_bad("in", err);
	answer->in = in->valuestring;
	answer->in_len = strlen(answer->in);
	answer->call = call_number(answer->in, answer->in_len);
	if (result && !trace_parse_int(result, &answer->result))
		return trace_parse_bad("r", err);
	if ((rc = json_number(parser, "pr", UINT32_MAX, &answer->process, err)) ||
	    (rc = json_number(parser, "l", TRACE_LANE_MAX, &answer->lane, err)) ||
	    (rc = json_args(parser, answer->args, err)) ||
	    (rc = json_payload(parser, "name", &room, &answer->name, &answer->name_len, err)) ||
	    (rc = json_payload(parser, "sent", &room, &answer->sent, &answer->sent_len, err)) ||
	    (rc = json_hash_of(parser, &answer->sent_hash, err)) ||
	    (rc = json_payload(parser, "got", &room, &answer->got, &answer->got_len, err)) ||
	    (rc = json_flags(parser, &answer->flags, err)))
		return rc;
	return 0;
}
