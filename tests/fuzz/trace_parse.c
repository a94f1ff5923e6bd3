/*
 * Fuzzes the parser of trace lines. Each line of the input is parsed twice, as it is and with a
 * space that keeps the fast way from it: both must say the same. What was read is written and read
 * again, and must be the same once more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/trace_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static void same_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
	CHECK(a_len == b_len && (!a_len || !memcmp(a, b, a_len)));
}

static void same_value(const struct trace_value *a, const struct trace_value *b)
{
	CHECK(a->type == b->type && a->number == b->number);
	same_bytes(a->bytes, a->len, b->bytes, b->len);
}

/* cJSON_Compare() does not take a key that is there twice, or an infinite number, for equal. */
static void same_tree(const cJSON *a, const cJSON *b)
{
	struct json_out a_text, b_text;

	json_out_init(&a_text);
	json_out_init(&b_text);
	json_cjson(&a_text, a);
	json_cjson(&b_text, b);
	same_bytes(a_text.data, a_text.len, b_text.data, b_text.len);
	json_out_fini(&a_text);
	json_out_fini(&b_text);
}

static void same_answer(const struct trace_answer *a, const struct trace_answer *b)
{
	CHECK(a->call == b->call && a->flags == b->flags && a->process == b->process);
	CHECK(a->lane == b->lane && a->result == b->result && a->sent_hash == b->sent_hash);
	same_bytes(a->args, sizeof(a->args), b->args, sizeof(b->args));
	same_bytes(a->name, a->name_len, b->name, b->name_len);
	same_bytes(a->sent, a->sent_len, b->sent, b->sent_len);
	same_bytes(a->got, a->got_len, b->got, b->got_len);
}

static void same(const struct trace_line *a, const struct trace_line *b)
{
	const struct trace_event *ea = &a->event, *eb = &b->event;
	const struct trace_decision *da = &a->decision, *db = &b->decision;

	CHECK(a->type == b->type);
	if (a->type == TRACE_LINE_EVENT) {
		CHECK(ea->kind == eb->kind && ea->phase == eb->phase && ea->process == eb->process);
		CHECK(ea->lane == eb->lane && ea->k == eb->k && ea->object == eb->object);
		CHECK(ea->object2 == eb->object2 && ea->context == eb->context);
		CHECK(ea->result == eb->result && !ea->text == !eb->text);
		same_bytes(ea->text, ea->text_len, eb->text, eb->text_len);
		same_bytes(ea->name, ea->name_len, eb->name, eb->name_len);
		same_value(&ea->value, &eb->value);
	} else if (a->type == TRACE_LINE_DECISION) {
		CHECK(da->kind == db->kind && da->lane == db->lane && da->k == db->k);
		CHECK(da->at == db->at && da->n == db->n && da->to == db->to);
		CHECK(da->forced == db->forced);
		same_bytes(da->from, da->from_n * sizeof(*da->from), db->from,
			   db->from_n * sizeof(*db->from));
		same_bytes(da->name, da->name_len, db->name, db->name_len);
		same_value(&da->value, &db->value);
	} else if (a->type == TRACE_LINE_ANSWER) {
		same_answer(&a->answer, &b->answer);
	} else {
		same_tree(a->json, b->json);
	}
}

struct parsers {
	struct trace_parser fast, slow, again;
	struct trace_lane_k written;
	struct json_out out;
};

static void write_again(struct parsers *p, const struct trace_line *line)
{
	struct trace_line back;
	int rc;

	json_out_reset(&p->out);
	if (line->type == TRACE_LINE_EVENT && line->event.kind != EVENT_NONE)
		rc = trace_put_event(&p->out, &p->written, &line->event);
	else if (line->type == TRACE_LINE_DECISION && line->decision.kind != DECISION_COUNT)
		rc = trace_put_decision(&p->out, &p->written, &line->decision);
	else if (line->type == TRACE_LINE_ANSWER && line->answer.call != TRACE_CALL_UNKNOWN)
		rc = trace_put_answer(&p->out, &line->answer);
	else
		return;
	CHECK(!rc && !p->out.error && p->out.data[p->out.len - 1] == '\n');
	CHECK(!memchr(p->out.data, '\n', p->out.len - 1));
	CHECK(!trace_parse_line(&p->again, p->out.data, p->out.len - 1, &back, NULL));
	same(line, &back);
}

static void take(struct parsers *p, const char *text, size_t len)
{
	struct trace_line fast, slow;
	struct err err = { 0 };
	char *spaced = malloc(len + 1);
	int rc;

	CHECK(spaced);
	/* A space in front changes nothing but the way. */
	spaced[0] = ' ';
	memcpy(spaced + 1, text, len);
	rc = trace_parse_line(&p->fast, text, len, &fast, &err);
	CHECK(rc ? err.code == -rc && err.text[0] : !err.code);
	CHECK(trace_parse_line(&p->slow, spaced, len + 1, &slow, NULL) == rc);
	if (!rc) {
		same(&fast, &slow);
		write_again(p, &fast);
	}
	free(spaced);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size, *stop;
	struct parsers p;

	trace_parser_init(&p.fast);
	trace_parser_init(&p.slow);
	trace_parser_init(&p.again);
	trace_lane_k_init(&p.written);
	json_out_init(&p.out);
	for (; text < end; text = stop + 1) {
		stop = memchr(text, '\n', (size_t)(end - text));
		stop = stop ? stop : end;
		take(&p, text, (size_t)(stop - text));
	}
	trace_parser_fini(&p.fast);
	trace_parser_fini(&p.slow);
	trace_parser_fini(&p.again);
	trace_lane_k_fini(&p.written);
	json_out_fini(&p.out);
	return 0;
}
