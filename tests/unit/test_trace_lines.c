/*
 * Lines of a trace as text: what each looks like, that it is read back, that the fast and the slow
 * way of reading agree, and what is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/trace_parse.h"
#include "formats/trace_parse_fast.h"
#include "formats/trace_reader.h"
#include "tests/unit/trace_files.h"

/* The text in `out` from `start` on, as a string that lasts until the next call. */
static const char *text_from(struct json_out *out, size_t start)
{
	assert_int_equal(out->error, 0);
	*json_out_reserve(out, 1) = '\0';
	return out->data + start;
}

static void json_values(void **state)
{
	struct json_out out;

	(void)state;
	json_out_init(&out);
	json_object_begin(&out);
	json_key(&out, "a");
	json_array_begin(&out);
	json_int(&out, 0);
	json_int(&out, -1);
	json_int(&out, (int64_t)1 << 53);
	json_int(&out, ((int64_t)1 << 53) + 1);
	json_int(&out, INT64_MIN);
	json_uint(&out, UINT64_MAX);
	json_array_end(&out);
	json_key(&out, "b");
	json_array_begin(&out);
	json_array_end(&out);
	json_key(&out, "c");
	json_object_begin(&out);
	json_object_end(&out);
	json_key(&out, "d");
	json_array_begin(&out);
	json_bool(&out, true);
	json_null(&out);
	json_string(&out, NULL);
	json_hex(&out, 0xffffffffffffffff);
	json_hash(&out, 255);
	json_double(&out, 0.1);
	json_double(&out, 1e300 * 1e300);
	json_double(&out, -3);
	json_double(&out, 1e16);
	json_array_end(&out);
	json_object_end(&out);
	json_newline(&out);
	json_int(&out, 7);
	assert_string_equal(text_from(&out, 0), "{\"a\":[0,-1,9007199254740992,"
						"\"9007199254740993\",\"-9223372036854775808\","
						"\"18446744073709551615\"],\"b\":[],\"c\":{},\"d\":"
						"[true,null,null,"
						"\"0xffffffffffffffff\",\"00000000000000ff\",0.1,"
						"null,-3,1e+16]}\n7");
	json_out_fini(&out);
}

static void json_strings(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
		{ "\b\f\n\r\t\x01\x1b[31m\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001b[31m\\u007f\"" },
		{ "m\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"m\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
							   "\"" },
		{ "\xc2\x9b"
		  "31m\xc2\xa0",
		  "\"\\u009b31m\xc2\xa0\"" }, /* C1 CSI; no-break space */
		{ "\xff", "{\"b64\":\"/w==\"}" },
		{ "ab\xc3", "{\"b64\":\"YWLD\"}" },               /* cut sequence */
		{ "\xc0\xaf", "{\"b64\":\"wK8=\"}" },             /* overlong */
		{ "\xed\xa0\x80", "{\"b64\":\"7aCA\"}" },         /* surrogate */
		{ "\xf4\x90\x80\x80", "{\"b64\":\"9JCAgA==\"}" }, /* beyond U+10FFFF */
	};
	struct json_out out;
	size_t i;

	(void)state;
	json_out_init(&out);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_out_reset(&out);
		json_string(&out, cases[i].text);
		assert_string_equal(text_from(&out, 0), cases[i].want);
	}
	json_out_fini(&out);
}

static void json_base64(void **state)
{
	unsigned char bytes[64], back[64];
	struct json_out out;
	size_t i, n;

	(void)state;
	json_out_init(&out);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 37 + 11);
	for (n = 0; n <= sizeof(bytes); n++) {
		const char *text;

		json_out_reset(&out);
		json_bytes(&out, bytes, n);
		text = text_from(&out, 8);
		assert_int_equal(json_b64_decode(text, strlen(text) - 2, back), n);
		assert_memory_equal(bytes, back, n);
	}
	assert_int_equal(json_b64_decode("YWL", 3, back), -EINVAL);
	assert_int_equal(json_b64_decode("YW L", 4, back), -EINVAL);
	assert_int_equal(json_b64_decode("Y===", 4, back), -EINVAL);
	assert_int_equal(json_b64_decode("YQ==YQ==", 8, back), -EINVAL);
	json_out_fini(&out);
}

static void json_trees(void **state)
{
	cJSON *tree = cJSON_Parse("{\"z\":[1,2.5,{\"y\":true}],\"a\":null,\"s\":\"x\\ny\"}");
	struct json_out out;

	(void)state;
	json_out_init(&out);
	cJSON_AddStringToObject(tree, "bytes", "\xff\xff\xff");
	json_cjson(&out, tree);
	assert_string_equal(text_from(&out, 0), "{\"z\":[1,2.5,{\"y\":true}],\"a\":null,"
						"\"s\":\"x\\ny\",\"bytes\":{\"b64\":\"////\"}}");
	cJSON_Delete(tree);
	json_out_fini(&out);
}

/* The written form, to the letter, and which k are left out. */
static void golden(void **state)
{
	static const uint32_t options[] = { 1, 2 };
	static const struct trace_event events[] = {
		{ .kind = EVENT_MUTEX_LOCK, .lane = 1, .k = 5, .object = 2, .context = 3 },
		{ .kind = EVENT_MUTEX_UNLOCK, .lane = 1, .k = 6, .object = 2, .context = 4 },
		{ .kind = EVENT_COND_WAIT,
		  .phase = PHASE_ANNOUNCED,
		  .lane = 1,
		  .k = 7,
		  .object = 1,
		  .object2 = 2,
		  .context = 9 },
		{ .kind = EVENT_COND_WAIT,
		  .lane = 1,
		  .k = 7,
		  .object = 1,
		  .object2 = 2,
		  .context = 9,
		  .result = -110 },
		{ .kind = EVENT_YIELD, .lane = 1, .k = 9 },
		{ .kind = EVENT_PREEMPTED,
		  .process = 1,
		  .lane = 2,
		  .k = UINT64_MAX,
		  .result = INT64_MIN,
		  .value = { .type = TRACE_VALUE_INT, .number = 0 },
		  .text = "a\"b",
		  .text_len = 3 },
		{ .kind = EVENT_PREEMPTED,
		  .lane = 2,
		  .k = 0,
		  .value = { .type = TRACE_VALUE_BYTES, .bytes = "\0\xff", .len = 2 } },
	};
	static const struct trace_decision decisions[] = {
		{ .kind = DECISION_PICK, .lane = 2, .k = 0, .from = options, .from_n = 2, .to = 1 },
		{ .kind = DECISION_CLOCK,
		  .lane = 2,
		  .k = 1,
		  .at = 3,
		  .n = 4,
		  .to = INT64_MAX,
		  .value = { .type = TRACE_VALUE_INT, .number = -7 },
		  .forced = true },
		{ .kind = DECISION_PICK, .lane = 3, .k = 0, .to = -1 },
	};
	struct trace_lane_k lane_k;
	struct json_out out;
	size_t i;

	(void)state;
	json_out_init(&out);
	trace_lane_k_init(&lane_k);
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		assert_int_equal(trace_put_event(&out, &lane_k, &events[i]), 0);
	for (i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++)
		assert_int_equal(trace_put_decision(&out, &lane_k, &decisions[i]), 0);
	trace_lane_k_reset(&lane_k);
	assert_int_equal(trace_put_event(&out, &lane_k, &events[1]), 0);
	assert_string_equal(text_from(&out, 0),
			    "{\"e\":\"mutex_lock\",\"l\":1,\"k\":5,\"o\":2,\"c\":3}\n"
			    "{\"e\":\"mutex_unlock\",\"l\":1,\"o\":2,\"c\":4}\n"
			    "{\"e\":\"cond_wait\",\"l\":1,\"o\":1,\"o2\":2,\"c\":9,\"p\":"
			    "\"announced\"}\n"
			    "{\"e\":\"cond_wait\",\"l\":1,\"o\":1,\"o2\":2,\"c\":9,\"r\":-110}\n"
			    "{\"e\":\"yield\",\"l\":1,\"k\":9}\n"
			    "{\"e\":\"preempted\",\"pr\":1,\"l\":2,\"k\":\"18446744073709551615\","
			    "\"r\":\"-9223372036854775808\",\"v\":0,\"s\":\"a\\\"b\"}\n"
			    "{\"e\":\"preempted\",\"l\":2,\"v\":{\"b64\":\"AP8=\"}}\n"
			    "{\"d\":\"pick\",\"l\":2,\"k\":0,\"from\":[1,2],\"to\":1}\n"
			    "{\"d\":\"clock\",\"l\":2,\"at\":3,\"n\":4,\"from\":[],"
			    "\"to\":\"9223372036854775807\",\"v\":-7,\"forced\":true}\n"
			    "{\"d\":\"pick\",\"l\":3,\"k\":0,\"at\":0,\"from\":[],\"to\":-1}\n"
			    "{\"e\":\"mutex_unlock\",\"l\":1,\"k\":6,\"o\":2,\"c\":4}\n");
	trace_lane_k_fini(&lane_k);
	json_out_fini(&out);
}

/* Parse one line twice: as it is, and with a space that keeps the fast way from it. */
static void parse_both(struct trace_parser *fast, struct trace_parser *slow, const char *text,
		       size_t len, struct trace_line *line, struct trace_line *line_slow)
{
	static char spaced[4096];

	assert_true(len + 1 < sizeof(spaced));
	spaced[0] = '{';
	spaced[1] = ' ';
	memcpy(spaced + 2, text + 1, len - 1);
	assert_int_equal(trace_parse_line(fast, text, len, line, NULL), 0);
	assert_int_equal(trace_parse_line(slow, spaced, len + 1, line_slow, NULL), 0);
	assert_int_equal(line->type, line_slow->type);
}

static void fast_and_slow(void **state)
{
	struct trace_parser fast, slow;
	struct trace_lane_k lane_k;
	struct json_out out;
	uint64_t i, decisions = 0;

	(void)state;
	json_out_init(&out);
	trace_lane_k_init(&lane_k);
	trace_parser_init(&fast);
	trace_parser_init(&slow);
	for (i = 0; i < 5000; i++) {
		struct trace_event event = trace_files_event(i);
		struct trace_decision decision = trace_files_decision(decisions);
		struct trace_line a, b;

		if (i % 100 == 0) {
			trace_lane_k_reset(&lane_k);
			trace_lane_k_reset(&fast.lane_k);
			trace_lane_k_reset(&slow.lane_k);
		}
		json_out_reset(&out);
		assert_int_equal(trace_put_event(&out, &lane_k, &event), 0);
		parse_both(&fast, &slow, out.data, out.len - 1, &a, &b);
		trace_files_same_event(&a.event, &event);
		trace_files_same_event(&b.event, &event);
		if (event.phase != PHASE_ANNOUNCED)
			continue;
		decisions++;
		json_out_reset(&out);
		assert_int_equal(trace_put_decision(&out, &lane_k, &decision), 0);
		parse_both(&fast, &slow, out.data, out.len - 1, &a, &b);
		trace_files_same_decision(&a.decision, &decision);
		trace_files_same_decision(&b.decision, &decision);
	}
	trace_parser_fini(&fast);
	trace_parser_fini(&slow);
	trace_lane_k_fini(&lane_k);
	json_out_fini(&out);
}

/* Canonical lines do go the fast way: else it would be untested above, and the reader slow. */
static void fast_is_taken(void **state)
{
	static const char *const events[] = {
		"{\"e\":\"mutex_lock\",\"l\":1,\"k\":5,\"o\":2,\"c\":3}",
		"{\"e\":\"x\",\"pr\":3,\"l\":1,\"k\":\"18446744073709551\",\"o\":2,\"o2\":4,\"c\":"
		"3,"
		"\"r\":-5,\"v\":\"-9223372036854775807\",\"s\":\"plain\",\"p\":\"announced\"}",
	};
	static const char *const decisions[] = {
		"{\"d\":\"pick\",\"l\":2,\"k\":4,\"at\":3,\"n\":4,\"from\":[1,2],\"to\":1}",
		"{\"d\":\"pick\",\"l\":2,\"k\":4,\"from\":[],\"to\":-1,\"v\":2,\"forced\":true}",
	};
	static const char *const others[] = {
		"{\"e\":\"x\",\"l\":01,\"k\":1}",
		"{\"e\":\"x\",\"l\":1,\"k\":9007199254740993}",
		"{\"e\":\"x\",\"l\":1}",
		"{\"e\":\"x\",\"l\":1,\"k\":1,\"new\":1}",
		"{\"e\":\"\\u0078\",\"l\":1,\"k\":1}",
		"{\"e\":\"x\",\"l\":1,\"k\":1,\"o\":16777216}",
		"{\"e\":\"x\",\"l\":1,\"k\":1}x",
		"{\"e\":\"x\",\"l\":1,\"k\":1",
		"{\"e\":\"x\",\"l\":,\"k\":1}",
	};
	struct trace_decision decision;
	struct trace_parser parser;
	struct trace_event event;
	size_t i;

	(void)state;
	trace_parser_init(&parser);
	for (i = 0; i < 9; i++)
		assert_false(trace_parse_fast_event(&parser, others[i], strlen(others[i]), &event));
	for (i = 0; i < 2; i++)
		assert_true(trace_parse_fast_event(&parser, events[i], strlen(events[i]), &event));
	for (i = 0; i < 2; i++)
		assert_true(trace_parse_fast_decision(&parser, decisions[i], strlen(decisions[i]),
						      &decision));
	trace_parser_fini(&parser);
}

/* Any order, white space, escapes, unknown keys and unknown kinds. */
static void other_writers(void **state)
{
	static const char text[] = " {\t\"e\" : \"mutex_\\u006cock\", \"later\": {\"a\": [1]}, "
				   "\"c\":7,"
				   "\"k\":\"12\", \"l\":3, \"r\": -1.0, \"o\": 5e0} ";
	static const char later[] = "{\"e\":\"quantum_lock\",\"l\":3,\"k\":1}";
	static const char escaped[] = "{\"\\u0065\":\"mutex_lock\",\"l\":3,\"k\":1}";
	struct trace_parser parser;
	struct trace_line line;
	struct err err;

	(void)state;
	trace_parser_init(&parser);
	assert_int_equal(trace_parse_line(&parser, text, sizeof(text) - 1, &line, &err), 0);
	assert_int_equal(line.type, TRACE_LINE_EVENT);
	assert_int_equal(line.event.kind, EVENT_MUTEX_LOCK);
	assert_int_equal(line.event.lane, 3);
	assert_int_equal(line.event.k, 12);
	assert_int_equal(line.event.object, 5);
	assert_int_equal(line.event.context, 7);
	assert_int_equal(line.event.result, -1);
	assert_int_equal(trace_parse_line(&parser, later, sizeof(later) - 1, &line, &err), 0);
	assert_int_equal(line.event.kind, EVENT_NONE);
	assert_memory_equal(line.event.name, "quantum_lock", line.event.name_len);
	/* Nobody escapes the key that names the type; who does has written an unknown line. */
	assert_int_equal(trace_parse_line(&parser, escaped, sizeof(escaped) - 1, &line, &err), 0);
	assert_int_equal(line.type, TRACE_LINE_OTHER);
	trace_parser_fini(&parser);
}

static void types(void **state)
{
	enum trace_line_type type;
	char text[64];

	(void)state;
	for (type = 0; type < TRACE_LINE_OTHER; type++) {
		snprintf(text, sizeof(text), "{\"%s\":1}", trace_line_key(type));
		assert_int_equal(trace_parse_type(text, strlen(text)), type);
		snprintf(text, sizeof(text), " { \"%s\" : 1}", trace_line_key(type));
		assert_int_equal(trace_parse_type(text, strlen(text)), type);
	}
	assert_null(trace_line_key(TRACE_LINE_OTHER));
	for (type = 0; type < 5; type++)
		assert_int_equal(trace_parse_type("{\"e", type > 3 ? 3 : type), TRACE_LINE_OTHER);
	assert_int_equal(trace_parse_type("{\"eventually\":1}", 16), TRACE_LINE_OTHER);
	assert_int_equal(trace_parse_type("{\"x\":1}", 7), TRACE_LINE_OTHER);
	assert_int_equal(trace_parse_type("[\"e\",1]", 7), TRACE_LINE_OTHER);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{ "", TRACE_ERR_CORRUPT },
		{ "{}", TRACE_ERR_CORRUPT },
		{ "[1]", TRACE_ERR_CORRUPT },
		{ "{\"note\":1}}", TRACE_ERR_CORRUPT },
		{ "{\"note\":\"\xff\"}", TRACE_ERR_CORRUPT },
		{ "{\"note\":\"", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":1}", TRACE_ERR_CORRUPT }, /* no k, none expected */
		{ "{\"e\":\"yield\",\"k\":1}", TRACE_ERR_CORRUPT },
		{ "{\"e\":5,\"l\":1,\"k\":1}", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":4194304,\"k\":1}", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":-1,\"k\":1}", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":1.5,\"k\":1}", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":1,\"k\":\"18446744073709551616\"}", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":1,\"k\":1e300}", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":1,\"k\":1,\"o\":16777216}", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":1,\"k\":1,\"p\":\"done\"}", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":1,\"k\":1,\"r\":\"9223372036854775808\"}",
		  TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":1,\"k\":1,\"v\":{\"b64\":\"?\"}}", TRACE_ERR_CORRUPT },
		{ "{\"e\":\"yield\",\"l\":1,\"k\":1,\"s\":3}", TRACE_ERR_CORRUPT },
		{ "{\"d\":\"pick\",\"l\":1,\"k\":1}", TRACE_ERR_CORRUPT },
		{ "{\"d\":\"pick\",\"l\":1,\"to\":1}", TRACE_ERR_CORRUPT },
		{ "{\"d\":\"pick\",\"l\":1,\"k\":1,\"to\":1,\"from\":3}", TRACE_ERR_CORRUPT },
		{ "{\"d\":\"pick\",\"l\":1,\"k\":1,\"to\":1,\"from\":[-3]}", TRACE_ERR_CORRUPT },
		{ "{\"d\":\"pick\",\"l\":1,\"k\":1,\"to\":1,\"from\":[1,]}", TRACE_ERR_CORRUPT },
	};
	struct trace_parser parser;
	size_t i;

	(void)state;
	trace_parser_init(&parser);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace_line line;
		struct err err = { 0 };

		print_message("# %s\n", cases[i].text);
		assert_int_equal(trace_parse_line(&parser, cases[i].text, strlen(cases[i].text),
						  &line, &err),
				 -cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_true(err.text[0]);
	}
	trace_parser_fini(&parser);
}

/* Nesting and number of values: at the limit and one beyond. */
static void limits(void **state)
{
	const size_t values = TRACE_VALUES_MAX;
	char *text = malloc(values * 2 + 64);
	struct trace_parser parser;
	struct trace_line line;
	struct err err;
	size_t i, n;

	(void)state;
	trace_parser_init(&parser);
	for (n = TRACE_DEPTH_MAX - 1; n <= TRACE_DEPTH_MAX; n++) {
		size_t len = (size_t)sprintf(text, "{\"note\":");

		for (i = 0; i < n; i++)
			text[len++] = '[';
		for (i = 0; i < n; i++)
			text[len++] = ']';
		text[len++] = '}';
		assert_int_equal(trace_parse_line(&parser, text, len, &line, &err),
				 n < TRACE_DEPTH_MAX ? 0 : -TRACE_ERR_LIMIT);
	}
	for (n = values - 2; n <= values; n += 2) {
		size_t len = (size_t)sprintf(text, "{\"note\":[0");

		for (i = 3; i < n; i++) {
			text[len++] = ',';
			text[len++] = '0';
		}
		len += (size_t)sprintf(text + len, ",\"[{,\"]}");
		assert_int_equal(trace_parse_line(&parser, text, len, &line, &err),
				 n < values ? 0 : -TRACE_ERR_LIMIT);
	}
	trace_parser_fini(&parser);
	free(text);
}

static void many_options(void **state)
{
	static uint32_t options[TRACE_OPTIONS_MAX + 1];
	struct trace_decision decision = { .kind = DECISION_PICK, .lane = 1, .from = options };
	struct trace_parser parser;
	struct trace_lane_k lane_k;
	struct trace_line line;
	struct json_out out;
	struct err err;
	uint32_t i;

	(void)state;
	json_out_init(&out);
	trace_lane_k_init(&lane_k);
	trace_parser_init(&parser);
	for (i = 0; i <= TRACE_OPTIONS_MAX; i++)
		options[i] = UINT32_MAX - i;
	decision.from_n = TRACE_OPTIONS_MAX + 1;
	assert_int_equal(trace_put_decision(&out, &lane_k, &decision), -EINVAL);
	assert_int_equal(out.len, 0);
	decision.from_n = TRACE_OPTIONS_MAX;
	assert_int_equal(trace_put_decision(&out, &lane_k, &decision), 0);
	assert_int_equal(trace_parse_line(&parser, out.data, out.len - 1, &line, &err), 0);
	trace_files_same_decision(&line.decision, &decision);
	trace_parser_fini(&parser);
	trace_lane_k_fini(&lane_k);
	json_out_fini(&out);
}

static void error_text(void **state)
{
	struct err err;
	char longer[1024];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(err_set(&err, ENOENT, "a %s\x1b[31m\x7f %d", "b\n", 3), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text, "a b??[31m? 3");
	assert_int_equal(err_set(&err, TRACE_ERR_LIMIT, "%s", longer), -TRACE_ERR_LIMIT);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err_set(NULL, EIO, "nobody asks"), -EIO);
	err_clear(&err);
	assert_int_equal(err.code, 0);
	assert_string_equal(err.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_values),   cmocka_unit_test(json_strings),
		cmocka_unit_test(json_base64),   cmocka_unit_test(json_trees),
		cmocka_unit_test(golden),        cmocka_unit_test(fast_and_slow),
		cmocka_unit_test(fast_is_taken), cmocka_unit_test(other_writers),
		cmocka_unit_test(types),         cmocka_unit_test(refused),
		cmocka_unit_test(limits),        cmocka_unit_test(many_options),
		cmocka_unit_test(error_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
