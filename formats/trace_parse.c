/*
 * One line of a trace, from JSON: types, limits, and the way through cJSON. The fast way is
 * trace_parse_fast.c.
 */
#include "formats/trace_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/trace_parse_fast.h"
#include "formats/trace_reader.h"

void trace_parser_init(struct trace_parser *parser)
{
	memset(parser, 0, sizeof(*parser));
	trace_lane_k_init(&parser->lane_k);
}

void trace_parser_fini(struct trace_parser *parser)
{
	trace_lane_k_fini(&parser->lane_k);
	cJSON_Delete(parser->json);
	free(parser->from);
	free(parser->bytes);
	memset(parser, 0, sizeof(*parser));
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

enum trace_line_type trace_parse_any_type(const char *text, size_t len)
{
	const char *end = text + len;
	const char *p = skip_space(text, end);
	enum trace_line_type type;
	const char *key;
	size_t n;

	if (p == end || *p != '{')
		return TRACE_LINE_OTHER;
	p = skip_space(p + 1, end);
	if (p == end || *p != '"')
		return TRACE_LINE_OTHER;
	key = ++p;
	p = memchr(p, '"', (size_t)(end - p) < 16 ? (size_t)(end - p) : 16);
	if (!p)
		return TRACE_LINE_OTHER;
	n = (size_t)(p - key);
	if (n == 1)
		return *key == 'e'   ? TRACE_LINE_EVENT
		       : *key == 'd' ? TRACE_LINE_DECISION
				     : TRACE_LINE_OTHER;
	for (type = 0; type < TRACE_LINE_OTHER; type++)
		if (strlen(trace_line_key(type)) == n && !memcmp(trace_line_key(type), key, n))
			return type;
	return TRACE_LINE_OTHER;
}

/*
 * Limits before cJSON builds a tree: nesting and number of values, and that all bytes are UTF-8.
 * Brackets inside strings do not count.
 */
static int check_limits(const char *text, size_t len, struct err *err)
{
	unsigned depth = 0, values = 1;
	bool in_string = false;
	size_t i;

	for (i = 0; i < len; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			values++;
			if (++depth > TRACE_DEPTH_MAX)
				return err_set(err, TRACE_ERR_LIMIT,
					       "JSON is nested deeper than %d levels",
					       TRACE_DEPTH_MAX);
		} else if (c == '}' || c == ']') {
			depth -= depth > 0;
		} else if (c == ',' && ++values > TRACE_VALUES_MAX) {
			return err_set(err, TRACE_ERR_LIMIT, "more than %d JSON values",
				       TRACE_VALUES_MAX);
		}
	}
	if (!json_is_utf8(text, len))
		return err_set(err, TRACE_ERR_CORRUPT, "not UTF-8");
	return 0;
}

static int parse_json(struct trace_parser *parser, const char *text, size_t len, struct err *err)
{
	const char *end = NULL;
	int rc = check_limits(text, len, err);

	if (rc)
		return rc;
	cJSON_Delete(parser->json);
	parser->json = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (!parser->json || skip_space(end, text + len) != text + len)
		return err_set(err, TRACE_ERR_CORRUPT, "not valid JSON");
	if (!cJSON_IsObject(parser->json) || !parser->json->child)
		return err_set(err, TRACE_ERR_CORRUPT, "not a JSON object with a key");
	return 0;
}

static bool parse_digits(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned)(unsigned char)*text - '0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return n <= max;
}

bool trace_parse_uint(const cJSON *item, uint64_t max, uint64_t *value)
{
	if (cJSON_IsString(item))
		return parse_digits(item->valuestring, max, value);
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) ||
	    item->valuedouble > (double)JSON_INTEGER_MAX)
		return false;
	*value = (uint64_t)item->valuedouble;
	return (double)*value == item->valuedouble && *value <= max;
}

bool trace_parse_int(const cJSON *item, int64_t *value)
{
	bool negative;
	uint64_t n;

	if (cJSON_IsString(item)) {
		negative = item->valuestring[0] == '-';
		if (!parse_digits(item->valuestring + negative, (uint64_t)INT64_MAX + negative, &n))
			return false;
		*value = negative ? (int64_t)(-n) : (int64_t)n;
		return true;
	}
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= (double)-JSON_INTEGER_MAX) ||
	    item->valuedouble > (double)JSON_INTEGER_MAX)
		return false;
	*value = (int64_t)item->valuedouble;
	return (double)*value == item->valuedouble;
}

char *trace_parser_bytes(struct trace_parser *parser, size_t n)
{
	char *grown;

	if (n > parser->bytes_cap || !parser->bytes) {
		grown = realloc(parser->bytes, n + 64);
		if (!grown)
			return NULL;
		parser->bytes = grown;
		parser->bytes_cap = n + 64;
	}
	return parser->bytes;
}

uint32_t *trace_parser_from(struct trace_parser *parser, uint32_t n)
{
	uint32_t *grown;

	if (n > parser->from_cap || !parser->from) {
		grown = realloc(parser->from, ((size_t)n * 2 + 16) * sizeof(*grown));
		if (!grown)
			return NULL;
		parser->from = grown;
		parser->from_cap = n * 2 + 16;
	}
	return parser->from;
}

static const cJSON *member(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

int trace_parse_bad(const char *key, struct err *err)
{
	return err_set(err, TRACE_ERR_CORRUPT, "key \"%s\" is missing or has a wrong value", key);
}

/* An optional number, 0 when absent. */
static int take_uint(const cJSON *object, const char *key, uint64_t max, uint64_t *value,
		     struct err *err)
{
	const cJSON *item = member(object, key);

	*value = 0;
	if (item && !trace_parse_uint(item, max, value))
		return trace_parse_bad(key, err);
	return 0;
}

static int take_uint32(const cJSON *object, const char *key, uint32_t max, uint32_t *value,
		       struct err *err)
{
	uint64_t n;
	int rc = take_uint(object, key, max, &n, err);

	*value = (uint32_t)n;
	return rc;
}

/* Bytes behind {"b64":...} into the parser's buffer at `at`; -1 when `item` is no such object. */
static int64_t take_b64(struct trace_parser *parser, const cJSON *item, size_t at)
{
	const cJSON *b64 = member(item, "b64");
	size_t len;

	if (!cJSON_IsString(b64))
		return -1;
	len = strlen(b64->valuestring);
	if (len / 4 * 3 > TRACE_BYTES_MAX + 3 || !trace_parser_bytes(parser, at + len / 4 * 3))
		return -1;
	return json_b64_decode(b64->valuestring, len, parser->bytes + at);
}

static int take_value(struct trace_parser *parser, const cJSON *object, struct trace_value *value,
		      struct err *err)
{
	const cJSON *item = member(object, "v");
	int64_t n;

	memset(value, 0, sizeof(*value));
	if (!item)
		return 0;
	if (trace_parse_int(item, &value->number)) {
		value->type = TRACE_VALUE_INT;
		return 0;
	}
	n = take_b64(parser, item, 0);
	if (n < 0)
		return trace_parse_bad("v", err);
	value->type = TRACE_VALUE_BYTES;
	value->bytes = parser->bytes;
	value->len = (size_t)n;
	return 0;
}

/* The free string of an event, which may have been bytes: those go behind those of the value. */
static int take_text(struct trace_parser *parser, const cJSON *object, struct trace_event *event,
		     struct err *err)
{
	const cJSON *item = member(object, "s");
	size_t at = event->value.len;
	int64_t n;

	event->text = NULL;
	event->text_len = 0;
	if (!item)
		return 0;
	if (cJSON_IsString(item)) {
		event->text = item->valuestring;
		event->text_len = strlen(item->valuestring);
		return 0;
	}
	n = take_b64(parser, item, at);
	if (n < 0)
		return trace_parse_bad("s", err);
	if (event->value.type == TRACE_VALUE_BYTES)
		event->value.bytes = parser->bytes;
	event->text = parser->bytes + at;
	event->text_len = (size_t)n;
	return 0;
}

static int take_kind(const cJSON *object, const char *key, const char **name, size_t *len,
		     struct err *err)
{
	const cJSON *item = member(object, key);

	if (!cJSON_IsString(item))
		return trace_parse_bad(key, err);
	*name = item->valuestring;
	*len = strlen(item->valuestring);
	return 0;
}

/* The lane, which is not optional, and its slot. */
static int take_lane(struct trace_parser *parser, const cJSON *object, uint32_t *lane,
		     struct trace_lane_k_slot **slot, struct err *err)
{
	uint64_t n;

	if (!trace_parse_uint(member(object, "l"), TRACE_LANE_MAX, &n))
		return trace_parse_bad("l", err);
	*lane = (uint32_t)n;
	*slot = trace_lane_k_slot(&parser->lane_k, *lane);
	return *slot ? 0 : err_set(err, ENOMEM, "out of memory");
}

static int take_phase(const cJSON *object, uint8_t *phase, struct err *err)
{
	const cJSON *item = member(object, "p");

	*phase = item ? PHASE_ANNOUNCED : PHASE_DONE;
	if (item && (!cJSON_IsString(item) || strcmp(item->valuestring, "announced")))
		return trace_parse_bad("p", err);
	return 0;
}

static int event_from_json(struct trace_parser *parser, struct trace_event *event, struct err *err)
{
	const cJSON *json = parser->json;
	struct trace_lane_k_slot *slot;
	bool announced;
	int rc;

	memset(event, 0, sizeof(*event));
	if ((rc = take_kind(json, "e", &event->name, &event->name_len, err)) ||
	    (rc = take_phase(json, &event->phase, err)) ||
	    (rc = take_uint32(json, "pr", UINT32_MAX, &event->process, err)) ||
	    (rc = take_lane(parser, json, &event->lane, &slot, err)) ||
	    (rc = take_uint32(json, "o", TRACE_NUMBER_MAX, &event->object, err)) ||
	    (rc = take_uint32(json, "o2", TRACE_NUMBER_MAX, &event->object2, err)) ||
	    (rc = take_uint32(json, "c", TRACE_NUMBER_MAX, &event->context, err)) ||
	    (rc = take_value(parser, json, &event->value, err)) ||
	    (rc = take_text(parser, json, event, err)))
		return rc;
	if (member(json, "r") && !trace_parse_int(member(json, "r"), &event->result))
		return trace_parse_bad("r", err);
	event->kind = (uint16_t)event_kind_by_name(event->name, event->name_len);
	announced = event->phase == PHASE_ANNOUNCED;
	if (member(json, "k"))
		rc = take_uint(json, "k", UINT64_MAX, &event->k, err);
	else if (!trace_lane_k_event(&parser->lane_k, slot, announced, &event->k))
		rc = trace_parse_bad("k", err);
	if (!rc)
		trace_lane_k_set(&parser->lane_k, slot, announced, event->k, event->context);
	return rc;
}

static int options_from_json(struct trace_parser *parser, struct trace_decision *decision,
			     struct err *err)
{
	const cJSON *array = member(parser->json, "from");
	const cJSON *item;
	uint32_t n = 0;
	uint64_t value;

	if (array && !cJSON_IsArray(array))
		return trace_parse_bad("from", err);
	cJSON_ArrayForEach (item, array)
		n++;
	if (n > TRACE_OPTIONS_MAX)
		return err_set(err, TRACE_ERR_LIMIT, "a decision with more than %d options",
			       TRACE_OPTIONS_MAX);
	if (!trace_parser_from(parser, n))
		return err_set(err, ENOMEM, "out of memory");
	decision->from = parser->from;
	cJSON_ArrayForEach (item, array) {
		if (!trace_parse_uint(item, UINT32_MAX, &value))
			return trace_parse_bad("from", err);
		parser->from[decision->from_n++] = (uint32_t)value;
	}
	return 0;
}

static int decision_from_json(struct trace_parser *parser, struct trace_decision *decision,
			      struct err *err)
{
	const cJSON *json = parser->json;
	struct trace_lane_k_slot *slot;
	uint64_t k;
	uint32_t at;
	bool known;
	int rc;

	memset(decision, 0, sizeof(*decision));
	if ((rc = take_kind(json, "d", &decision->name, &decision->name_len, err)) ||
	    (rc = take_lane(parser, json, &decision->lane, &slot, err)) ||
	    (rc = take_uint32(json, "at", TRACE_NUMBER_MAX, &decision->at, err)) ||
	    (rc = take_uint(json, "n", UINT64_MAX, &decision->n, err)) ||
	    (rc = options_from_json(parser, decision, err)) ||
	    (rc = take_value(parser, json, &decision->value, err)))
		return rc;
	if (!trace_parse_int(member(json, "to"), &decision->to))
		return trace_parse_bad("to", err);
	decision->forced = cJSON_IsTrue(member(json, "forced"));
	decision->kind = (uint16_t)trace_decision_by_name(decision->name, decision->name_len);
	known = trace_lane_k_decision(&parser->lane_k, slot, &k, &at);
	if (known && !member(json, "at"))
		decision->at = at;
	if (member(json, "k"))
		return take_uint(json, "k", UINT64_MAX, &decision->k, err);
	decision->k = k;
	return known ? 0 : trace_parse_bad("k", err);
}

int trace_parse_line(struct trace_parser *parser, const char *text, size_t len,
		     struct trace_line *line, struct err *err)
{
	int rc;

	line->type = trace_parse_type(text, len);
	line->text = text;
	line->len = len;
	line->json = NULL;
	if (line->type == TRACE_LINE_EVENT &&
	    trace_parse_fast_event(parser, text, len, &line->event))
		return 0;
	if (line->type == TRACE_LINE_DECISION &&
	    trace_parse_fast_decision(parser, text, len, &line->decision))
		return 0;
	if (line->type == TRACE_LINE_ANSWER &&
	    trace_parse_fast_answer(parser, text, len, &line->answer))
		return 0;
	rc = parse_json(parser, text, len, err);
	if (rc)
		return rc;
	if (line->type == TRACE_LINE_EVENT)
		return event_from_json(parser, &line->event, err);
	if (line->type == TRACE_LINE_DECISION)
		return decision_from_json(parser, &line->decision, err);
	if (line->type == TRACE_LINE_ANSWER)
		return trace_parse_json_answer(parser, len, &line->answer, err);
	line->json = parser->json;
	return 0;
}
