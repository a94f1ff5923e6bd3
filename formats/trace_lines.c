/*
 * Writes the lines of a trace as JSON. Events and decisions, of which there are millions, are put
 * together by hand in one reserved piece of the buffer; all other lines go through json_out. To
 * read them is trace_parse.c.
 */
#include "formats/trace_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/trace_digits.h"

/* The longest event or decision without strings, bytes and options: 10 keys of 28 bytes at most. */
enum { FIXED_MAX = 512, OPTION_MAX = 11 };

/* The beginning of a line for each kind, padded so that it is copied as a whole. */
struct prefix {
	uint8_t len;
	char text[39];
};

#define PREFIX(key, name)                                                            \
	{                                                                            \
		sizeof("{\"" key "\":\"" name "\"") - 1, "{\"" key "\":\"" name "\"" \
	}

static const struct prefix event_prefixes[EVENT_COUNT] = {
#define EVENT(symbol, name, access, flags) [EVENT_##symbol] = PREFIX("e", name),
#include "formats/event.def"
#undef EVENT
};

static const struct prefix decision_prefixes[DECISION_COUNT] = {
#define DECISION(symbol, name) [DECISION_##symbol] = PREFIX("d", name),
#include "formats/decision.def"
#undef DECISION
};

static const char *const decision_names[DECISION_COUNT] = {
#define DECISION(symbol, name) [DECISION_##symbol] = name,
#include "formats/decision.def"
#undef DECISION
};

static const char *const line_keys[TRACE_LINE_TYPES] = {
	[TRACE_LINE_HEADER] = "frontrun",   [TRACE_LINE_MODULE] = "module",
	[TRACE_LINE_LOCATION] = "location", [TRACE_LINE_CONTEXT] = "context",
	[TRACE_LINE_LANE] = "lane",         [TRACE_LINE_OBJECT] = "object",
	[TRACE_LINE_EVENT] = "e",           [TRACE_LINE_DECISION] = "d",
	[TRACE_LINE_ANSWER] = "in",         [TRACE_LINE_NOTE] = "note",
	[TRACE_LINE_INDEX] = "index",       [TRACE_LINE_OUTCOME] = "outcome",
};

const char *trace_line_key(enum trace_line_type type)
{
	return (unsigned)type < TRACE_LINE_TYPES ? line_keys[type] : NULL;
}

const char *trace_decision_name(unsigned kind)
{
	return kind < DECISION_COUNT ? decision_names[kind] : "unknown";
}

unsigned trace_decision_by_name(const char *name, size_t len)
{
	unsigned kind;

	for (kind = 0; kind < DECISION_COUNT; kind++)
		if (strlen(decision_names[kind]) == len && !memcmp(decision_names[kind], name, len))
			return kind;
	return DECISION_COUNT;
}

/* A key with a number that is left out when it is 0. `key` has its comma and colon. */
#define PUT_NUMBER(p, key, value)                \
	do {                                     \
		if (value) {                     \
			p = PUT_LITERAL(p, key); \
			p = put_uint(p, value);  \
		}                                \
	} while (0)

/* Hands the line so far to json_out for a string or bytes, and goes on behind it. */
static char *put_string(struct json_out *out, char *p, bool bytes, const void *text, size_t len)
{
	out->len = (size_t)(p - out->data);
	if (bytes)
		json_bytes(out, text, len);
	else
		json_string_n(out, text, len);
	return json_out_reserve(out, FIXED_MAX);
}

static char *put_value(struct json_out *out, char *p, const struct trace_value *value)
{
	p = PUT_LITERAL(p, ",\"v\":");
	if (value->type == TRACE_VALUE_INT)
		return put_int(p, value->number);
	return put_string(out, p, true, value->bytes, value->len);
}

static bool value_fits(const struct trace_value *value)
{
	return value->type != TRACE_VALUE_BYTES || value->len <= TRACE_BYTES_MAX;
}

/* Ends the line, or takes all of it back when memory ran out on the way. */
static int put_end(struct json_out *out, char *p, size_t start)
{
	if (!p) {
		out->len = start;
		return out->error;
	}
	p = PUT_LITERAL(p, "}\n");
	out->len = (size_t)(p - out->data);
	return 0;
}

int trace_put_event(struct json_out *out, struct trace_lane_k *state, const struct trace_event *ev)
{
	bool announced = ev->phase == PHASE_ANNOUNCED;
	struct trace_lane_k_slot *slot;
	size_t start = out->len;
	uint64_t k;
	char *p;

	if (ev->kind == EVENT_NONE || ev->kind >= EVENT_COUNT || ev->lane > TRACE_LANE_MAX ||
	    !value_fits(&ev->value) || (ev->text && ev->text_len > TRACE_BYTES_MAX))
		return -EINVAL;
	p = json_out_reserve(out, FIXED_MAX);
	slot = trace_lane_k_slot(state, ev->lane);
	if (!p || !slot)
		return -ENOMEM;
	memcpy(p, event_prefixes[ev->kind].text, sizeof(event_prefixes[0].text));
	p += event_prefixes[ev->kind].len;
	PUT_NUMBER(p, ",\"pr\":", ev->process);
	p = PUT_LITERAL(p, ",\"l\":");
	p = put_digits(p, ev->lane);
	if (!trace_lane_k_event(state, slot, announced, &k) || k != ev->k) {
		p = PUT_LITERAL(p, ",\"k\":");
		p = put_uint(p, ev->k);
	}
	trace_lane_k_set(state, slot, announced, ev->k, ev->context);
	PUT_NUMBER(p, ",\"o\":", ev->object);
	PUT_NUMBER(p, ",\"o2\":", ev->object2);
	PUT_NUMBER(p, ",\"c\":", ev->context);
	if (ev->result) {
		p = PUT_LITERAL(p, ",\"r\":");
		p = put_int(p, ev->result);
	}
	if (ev->value.type != TRACE_VALUE_NONE)
		p = put_value(out, p, &ev->value);
	if (p && ev->text) {
		p = PUT_LITERAL(p, ",\"s\":");
		p = put_string(out, p, false, ev->text, ev->text_len);
	}
	if (p && announced)
		p = PUT_LITERAL(p, ",\"p\":\"announced\"");
	return put_end(out, p, start);
}

int trace_put_decision(struct json_out *out, struct trace_lane_k *state,
		       const struct trace_decision *de)
{
	struct trace_lane_k_slot *slot;
	size_t start = out->len;
	uint32_t at, i;
	uint64_t k;
	bool known;
	char *p;

	if (de->kind >= DECISION_COUNT || de->lane > TRACE_LANE_MAX ||
	    de->from_n > TRACE_OPTIONS_MAX || !value_fits(&de->value))
		return -EINVAL;
	p = json_out_reserve(out, FIXED_MAX + (size_t)de->from_n * OPTION_MAX);
	slot = trace_lane_k_slot(state, de->lane);
	if (!p || !slot)
		return -ENOMEM;
	memcpy(p, decision_prefixes[de->kind].text, sizeof(decision_prefixes[0].text));
	p += decision_prefixes[de->kind].len;
	p = PUT_LITERAL(p, ",\"l\":");
	p = put_digits(p, de->lane);
	known = trace_lane_k_decision(state, slot, &k, &at);
	if (!known || k != de->k) {
		p = PUT_LITERAL(p, ",\"k\":");
		p = put_uint(p, de->k);
	}
	if (!known || at != de->at) {
		p = PUT_LITERAL(p, ",\"at\":");
		p = put_digits(p, de->at);
	}
	PUT_NUMBER(p, ",\"n\":", de->n);
	p = PUT_LITERAL(p, ",\"from\":[");
	for (i = 0; i < de->from_n; i++) {
		if (i)
			*p++ = ',';
		p = put_digits(p, de->from[i]);
	}
	p = PUT_LITERAL(p, "],\"to\":");
	p = put_int(p, de->to);
	if (de->value.type != TRACE_VALUE_NONE)
		p = put_value(out, p, &de->value);
	if (p && de->forced)
		p = PUT_LITERAL(p, ",\"forced\":true");
	return put_end(out, p, start);
}

static void put_optional_string(struct json_out *out, const char *key, const char *text)
{
	if (!text)
		return;
	json_key(out, key);
	json_string(out, text);
}

static void put_optional_uint(struct json_out *out, const char *key, uint64_t value)
{
	if (!value)
		return;
	json_key(out, key);
	json_uint(out, value);
}

static void put_optional_hex(struct json_out *out, const char *key, uint64_t value)
{
	if (!value)
		return;
	json_key(out, key);
	json_hex(out, value);
}

static void put_optional_true(struct json_out *out, const char *key, bool value)
{
	if (!value)
		return;
	json_key(out, key);
	json_bool(out, true);
}

static void line_begin(struct json_out *out, enum trace_line_type type, uint32_t number)
{
	json_object_begin(out);
	json_key(out, line_keys[type]);
	json_uint(out, number);
}

static void line_end(struct json_out *out)
{
	json_object_end(out);
	json_newline(out);
}

void trace_put_module(struct json_out *out, const struct trace_module *module)
{
	line_begin(out, TRACE_LINE_MODULE, module->number);
	json_key(out, "path");
	json_string(out, module->path);
	put_optional_string(out, "build_id", module->build_id);
	json_key(out, "base");
	json_hex(out, module->base);
	put_optional_true(out, "main", module->main);
	line_end(out);
}

static void put_source(struct json_out *out, const struct trace_source *source)
{
	put_optional_string(out, "function", source->function);
	put_optional_string(out, "file", source->file);
	put_optional_uint(out, "line", source->line);
}

void trace_put_location(struct json_out *out, const struct trace_location *location)
{
	uint32_t i;

	line_begin(out, TRACE_LINE_LOCATION, location->number);
	put_optional_uint(out, "module", location->module);
	json_key(out, "offset");
	json_hex(out, location->offset);
	put_source(out, &location->source);
	if (location->inlined_n) {
		json_key(out, "inlined");
		json_array_begin(out);
		for (i = 0; i < location->inlined_n; i++) {
			json_object_begin(out);
			put_source(out, &location->inlined[i]);
			json_object_end(out);
		}
		json_array_end(out);
	}
	put_optional_true(out, "user", location->user);
	put_optional_string(out, "text", location->text);
	line_end(out);
}

void trace_put_context(struct json_out *out, const struct trace_context *context)
{
	uint32_t i;

	line_begin(out, TRACE_LINE_CONTEXT, context->number);
	json_key(out, "frames");
	json_array_begin(out);
	for (i = 0; i < context->frames_n; i++)
		json_uint(out, context->frames[i]);
	json_array_end(out);
	line_end(out);
}

void trace_put_lane(struct json_out *out, const struct trace_lane *lane)
{
	line_begin(out, TRACE_LINE_LANE, lane->number);
	json_key(out, "process");
	json_uint(out, lane->process);
	json_key(out, "id");
	json_string(out, lane->id);
	put_optional_uint(out, "parent", lane->parent);
	put_optional_string(out, "name", lane->name);
	put_optional_uint(out, "start", lane->start);
	line_end(out);
}

void trace_put_object(struct json_out *out, const struct trace_object *object)
{
	line_begin(out, TRACE_LINE_OBJECT, object->number);
	json_key(out, "id");
	json_string(out, object->id);
	put_optional_string(out, "kind", object->kind);
	put_optional_string(out, "name", object->name);
	put_optional_uint(out, "context", object->context);
	put_optional_hex(out, "address", object->address);
	put_optional_true(out, "provisional", object->provisional);
	line_end(out);
}
