/*
 * The fast way to read events and decisions: see the header. A cursor walks over the line; whatever
 * it does not expect makes the whole attempt false.
 */
#include "formats/trace_parse_fast.h"

#include <endian.h>
#include <string.h>

#include "formats/trace_cursor.h"

/* Bytes before the first quote of 8, in the order of memory; 8: none. */
static inline unsigned before_quote(uint64_t word)
{
	uint64_t x = word ^ 0x2222222222222222u;
	uint64_t found = (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;

	return found ? (unsigned)__builtin_ctzll(found) / 8 : 8;
}

static inline uint64_t first_bytes(uint64_t word, unsigned n)
{
	return word & ((1ull << n * 8) - 1);
}

/*
 * The name up to its quote as two words; 0 when it is longer, or near the end of the line. See "Bit
 * Twiddling Hacks" by S. E. Anderson for the byte search.
 */
static inline unsigned short_name(const struct cursor *c, uint64_t name[2])
{
	unsigned n;

	if (c->end - c->p < 16)
		return 0;
	memcpy(name, c->p, 16);
	name[0] = le64toh(name[0]);
	name[1] = le64toh(name[1]);
	n = before_quote(name[0]);
	if (n < 8) {
		name[0] = first_bytes(name[0], n);
		name[1] = 0;
		return n;
	}
	n = before_quote(name[1]);
	name[1] = n < 8 ? first_bytes(name[1], n) : 0;
	return n < 8 ? n + 8 : 0;
}

/*
 * event_kind_by_name() compares with every row: remember the last answer for each hash. A name that
 * is known is plain.
 */
static inline bool take_kind(struct trace_parser *parser, struct cursor *c,
			     struct trace_event *event)
{
	uint64_t name[2];
	unsigned len = short_name(c, name);
	uint64_t hash = len ? (name[0] ^ name[1] * 31) * 0x9e3779b97f4a7c15u : 0;
	struct trace_kind *slot = &parser->kinds[hash >> 58];

	if (len && slot->len == len && slot->name[0] == name[0] && slot->name[1] == name[1]) {
		event->name = c->p;
		event->name_len = len;
		event->kind = slot->kind;
		c->p += len + 1;
		return true;
	}
	if (!take_plain(c, &event->name, &event->name_len))
		return false;
	event->kind = (uint16_t)event_kind_by_name(event->name, event->name_len);
	if (len && event->kind)
		*slot = (struct trace_kind){
			.name = { name[0], name[1] },
			.len = (uint16_t)len,
			.kind = event->kind,
		};
	return true;
}

/* By hand: for a structure of this size memset() takes longer than the rest of a line. */
static inline void clear_value(struct trace_value *value)
{
	value->type = TRACE_VALUE_NONE;
	value->number = 0;
	value->bytes = NULL;
	value->len = 0;
}

static inline void clear_event(struct trace_event *event)
{
	event->process = 0;
	event->k = 0;
	event->object = 0;
	event->object2 = 0;
	event->context = 0;
	event->result = 0;
	clear_value(&event->value);
	event->text = NULL;
	event->text_len = 0;
}

static bool event_members(struct cursor *c, struct trace_event *event, bool *has_k)
{
	if (STEP(c, ",\"pr\":") && !take_uint32(c, UINT32_MAX, &event->process))
		return false;
	if (!STEP(c, ",\"l\":") || !take_uint32(c, TRACE_LANE_MAX, &event->lane))
		return false;
	*has_k = STEP(c, ",\"k\":");
	if (*has_k && !take_uint(c, UINT64_MAX, &event->k))
		return false;
	if (STEP(c, ",\"o\":") && !take_uint32(c, TRACE_NUMBER_MAX, &event->object))
		return false;
	if (STEP(c, ",\"o2\":") && !take_uint32(c, TRACE_NUMBER_MAX, &event->object2))
		return false;
	if (STEP(c, ",\"c\":") && !take_uint32(c, TRACE_NUMBER_MAX, &event->context))
		return false;
	if (STEP(c, ",\"r\":") && !take_int(c, &event->result))
		return false;
	if (STEP(c, ",\"v\":")) {
		event->value.type = TRACE_VALUE_INT;
		if (!take_int(c, &event->value.number))
			return false;
	}
	if (STEP(c, ",\"s\":\"") && !take_plain(c, &event->text, &event->text_len))
		return false;
	event->phase = STEP(c, ",\"p\":\"announced\"") ? PHASE_ANNOUNCED : PHASE_DONE;
	return STEP(c, "}") && c->p == c->end;
}

bool trace_parse_fast_event(struct trace_parser *parser, const char *text, size_t len,
			    struct trace_event *event)
{
	struct cursor c = { text, text + len };
	struct trace_lane_k_slot *slot;
	bool has_k, announced;

	clear_event(event);
	if (!STEP(&c, "{\"e\":\"") || !take_kind(parser, &c, event) ||
	    !event_members(&c, event, &has_k))
		return false;
	slot = trace_lane_k_slot(&parser->lane_k, event->lane);
	announced = event->phase == PHASE_ANNOUNCED;
	if (!slot || (!has_k && !trace_lane_k_event(&parser->lane_k, slot, announced, &event->k)))
		return false;
	trace_lane_k_set(&parser->lane_k, slot, announced, event->k, event->context);
	return true;
}

static bool take_options(struct trace_parser *parser, struct cursor *c,
			 struct trace_decision *decision)
{
	uint32_t *from;

	if (STEP(c, "]"))
		return true;
	do {
		if (decision->from_n == TRACE_OPTIONS_MAX)
			return false;
		from = trace_parser_from(parser, decision->from_n + 1);
		if (!from || !take_uint32(c, UINT32_MAX, &from[decision->from_n++]))
			return false;
		decision->from = from;
	} while (STEP(c, ","));
	return STEP(c, "]");
}

static inline void clear_decision(struct trace_decision *decision)
{
	decision->k = 0;
	decision->at = 0;
	decision->n = 0;
	decision->from = NULL;
	decision->from_n = 0;
	clear_value(&decision->value);
}

static bool decision_members(struct trace_parser *parser, struct cursor *c,
			     struct trace_decision *decision, bool *has_k, bool *has_at)
{
	if (!STEP(c, ",\"l\":") || !take_uint32(c, TRACE_LANE_MAX, &decision->lane))
		return false;
	*has_k = STEP(c, ",\"k\":");
	if (*has_k && !take_uint(c, UINT64_MAX, &decision->k))
		return false;
	*has_at = STEP(c, ",\"at\":");
	if (*has_at && !take_uint32(c, TRACE_NUMBER_MAX, &decision->at))
		return false;
	if (STEP(c, ",\"n\":") && !take_uint(c, UINT64_MAX, &decision->n))
		return false;
	if (STEP(c, ",\"from\":[") && !take_options(parser, c, decision))
		return false;
	if (!STEP(c, ",\"to\":") || !take_int(c, &decision->to))
		return false;
	if (STEP(c, ",\"v\":")) {
		decision->value.type = TRACE_VALUE_INT;
		if (!take_int(c, &decision->value.number))
			return false;
	}
	decision->forced = STEP(c, ",\"forced\":true");
	return STEP(c, "}") && c->p == c->end;
}

bool trace_parse_fast_decision(struct trace_parser *parser, const char *text, size_t len,
			       struct trace_decision *decision)
{
	struct cursor c = { text, text + len };
	struct trace_lane_k_slot *slot;
	bool has_k, has_at, known;
	uint64_t k;
	uint32_t at;

	clear_decision(decision);
	if (!STEP(&c, "{\"d\":\"") || !take_plain(&c, &decision->name, &decision->name_len) ||
	    !decision_members(parser, &c, decision, &has_k, &has_at))
		return false;
	slot = trace_lane_k_slot(&parser->lane_k, decision->lane);
	if (!slot)
		return false;
	known = trace_lane_k_decision(&parser->lane_k, slot, &k, &at);
	if (!has_k && !known)
		return false;
	if (!has_k)
		decision->k = k;
	if (!has_at && known)
		decision->at = at;
	decision->kind = (uint16_t)trace_decision_by_name(decision->name, decision->name_len);
	return true;
}
