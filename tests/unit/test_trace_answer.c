/*
 * Lines of answers: what they look like, that both ways of reading give back what was written,
 * which form goes the fast way, and what is refused.
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

#include "formats/syscall_names.h"
#include "formats/trace_parse.h"
#include "formats/trace_parse_fast.h"
#include "formats/trace_reader.h"
#include "formats/trace_writer.h"
#include "tests/unit/trace_files.h"

static void golden(void **state)
{
	static const struct trace_answer answers[] = {
		{ .call = 0 },
		{ .call = 0,
		  .flags = ANSWER_MORE | ANSWER_REDACTED,
		  .process = 1,
		  .lane = 3,
		  .args = { 3, 0, 1024 },
		  .result = 16,
		  .sent_hash = 0xff,
		  .name = "/etc/hosts",
		  .name_len = 10,
		  .sent = "a\"b",
		  .sent_len = 3,
		  .got = "\0\xff",
		  .got_len = 2 },
		{ .call = 1023, .args = { 0, 0, 0, 0, 0, INT64_MIN }, .result = -11 },
	};
	struct json_out out;
	size_t i;

	(void)state;
	json_out_init(&out);
	for (i = 0; i < 3; i++)
		assert_int_equal(trace_put_answer(&out, &answers[i]), 0);
	*json_out_reserve(&out, 1) = '\0';
	assert_string_equal(out.data, "{\"in\":\"read\"}\n"
				      "{\"in\":\"read\",\"pr\":1,\"l\":3,\"a\":[3,0,1024],\"r\":16,"
				      "\"name\":\"/etc/hosts\",\"sent\":\"a\\\"b\","
				      "\"hash\":\"00000000000000ff\",\"got\":{\"b64\":\"AP8=\"},"
				      "\"f\":[\"more\",\"redacted\"]}\n"
				      "{\"in\":\"1023\",\"a\":[0,0,0,0,0,\"-9223372036854775808\"],"
				      "\"r\":-11}\n");
	json_out_fini(&out);
}

/* Both ways, and the fast one is taken for all that the writer writes. */
static void fast_and_slow(void **state)
{
	static char spaced[4096];
	struct trace_parser fast, slow;
	struct json_out out;
	struct trace_line line;
	uint64_t n;

	(void)state;
	json_out_init(&out);
	trace_parser_init(&fast);
	trace_parser_init(&slow);
	for (n = 0; n < 5000; n++) {
		struct trace_answer answer = trace_files_answer(n), read;

		json_out_reset(&out);
		assert_int_equal(trace_put_answer(&out, &answer), 0);
		assert_true(out.len < sizeof(spaced));
		/* INT64_MIN is the one number that the fast way leaves to the other. */
		assert_int_equal(trace_parse_fast_answer(&fast, out.data, out.len - 1, &read),
				 answer.args[5] == 0 && answer.result != INT64_MIN);
		assert_int_equal(trace_parse_line(&fast, out.data, out.len - 1, &line, NULL), 0);
		assert_int_equal(line.type, TRACE_LINE_ANSWER);
		trace_files_same_answer(&line.answer, &answer);
		spaced[0] = '{';
		spaced[1] = ' ';
		memcpy(spaced + 2, out.data + 1, out.len - 2);
		assert_int_equal(trace_parse_line(&slow, spaced, out.len, &line, NULL), 0);
		assert_int_equal(line.type, TRACE_LINE_ANSWER);
		assert_null(line.json);
		trace_files_same_answer(&line.answer, &answer);
	}
	trace_parser_fini(&fast);
	trace_parser_fini(&slow);
	json_out_fini(&out);
}

/* Every byte, alone and between others. */
static void every_byte(void **state)
{
	struct trace_parser parser;
	struct trace_line line;
	struct json_out out;
	unsigned c;

	(void)state;
	json_out_init(&out);
	trace_parser_init(&parser);
	for (c = 0; c < 512; c++) {
		char bytes[] = { 'a', (char)c, 'z' };
		struct trace_answer answer = {
			.got = c < 256 ? bytes : bytes + 1,
			.got_len = c < 256 ? 3 : 1,
		};

		json_out_reset(&out);
		assert_int_equal(trace_put_answer(&out, &answer), 0);
		assert_int_equal(trace_parse_line(&parser, out.data, out.len - 1, &line, NULL), 0);
		trace_files_same_answer(&line.answer, &answer);
	}
	trace_parser_fini(&parser);
	json_out_fini(&out);
}

/* Any order, escapes, unknown keys, calls and flags. */
static void other_writers(void **state)
{
	static const char text[] =
		"{\"in\":\"re\\u0061d\",\"got\":\"\\u00e9\\/\\ud83d\\ude00\","
		"\"x\":[1],\"l\":2,\"f\":[\"later\",\"next\"],\"a\":[1.0,\"2\"]}";
	static const char later[] = "{\"in\":\"teleport\",\"r\":1}";
	struct trace_answer want = {
		.call = 0,
		.lane = 2,
		.flags = ANSWER_NEXT,
		.args = { 1, 2 },
		.got = "\xc3\xa9/\xf0\x9f\x98\x80",
		.got_len = 7,
	};
	struct trace_parser parser;
	struct trace_line line;

	(void)state;
	trace_parser_init(&parser);
	assert_int_equal(trace_parse_line(&parser, text, sizeof(text) - 1, &line, NULL), 0);
	trace_files_same_answer(&line.answer, &want);
	assert_int_equal(trace_parse_line(&parser, later, sizeof(later) - 1, &line, NULL), 0);
	assert_int_equal(line.answer.call, TRACE_CALL_UNKNOWN);
	assert_memory_equal(line.answer.in, "teleport", line.answer.in_len);
	trace_parser_fini(&parser);
}

static void refused(void **state)
{
	static const char *const cases[] = {
		"{\"in\":5}",
		"{\"in\":\"read\",\"l\":4194304}",
		"{\"in\":\"read\",\"l\":-1}",
		"{\"in\":\"read\",\"pr\":4294967296}",
		"{\"in\":\"read\",\"a\":[1,2,3,4,5,6,7]}",
		"{\"in\":\"read\",\"a\":[1,]}",
		"{\"in\":\"read\",\"a\":[1.5]}",
		"{\"in\":\"read\",\"a\":3}",
		"{\"in\":\"read\",\"r\":\"9223372036854775808\"}",
		"{\"in\":\"read\",\"got\":3}",
		"{\"in\":\"read\",\"got\":{\"b64\":\"AP8\"}}",
		"{\"in\":\"read\",\"got\":{\"b64\":\"A\\u0041==\",\"c\":1}}x",
		"{\"in\":\"read\",\"got\":\"\xff\"}",
		"{\"in\":\"read\",\"got\":\"\\x\"}",
		"{\"in\":\"read\",\"got\":\"\\",
		"{\"in\":\"read\",\"got\":\"\\u00",
		"{\"in\":\"read\",\"got\":\"",
		"{\"in\":\"read\",\"hash\":\"00ff\"}",
		"{\"in\":\"read\",\"hash\":\"00000000000000fg\"}",
		"{\"in\":\"read\",\"hash\":3}",
		"{\"in\":\"read\",\"f\":\"more\"}",
		"{\"in\":\"read\",\"f\":[3]}",
		"{\"in\":\"read\"}}",
		"{\"in\":\"read\"",
	};
	struct trace_parser parser;
	size_t i;

	(void)state;
	trace_parser_init(&parser);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct trace_line line;
		struct err err = { 0 };

		print_message("# %s\n", cases[i]);
		assert_int_equal(trace_parse_line(&parser, cases[i], strlen(cases[i]), &line, &err),
				 -TRACE_ERR_CORRUPT);
		assert_true(err.text[0]);
	}
	trace_parser_fini(&parser);
}

/* As many bytes as may be, and one more: written and read alike. */
static void limits(void **state)
{
	struct trace_answer answer = { .got = calloc(1, TRACE_BYTES_MAX + 1) };
	char *text = malloc(TRACE_BYTES_MAX + 64);
	struct trace_parser parser;
	struct trace_line line;
	struct json_out out;
	size_t len, n;

	(void)state;
	json_out_init(&out);
	trace_parser_init(&parser);
	answer.got_len = TRACE_BYTES_MAX + 1;
	assert_int_equal(trace_put_answer(&out, &answer), -EINVAL);
	answer.got_len = 0;
	answer.flags = ANSWER_FLAGS + 1;
	assert_int_equal(trace_put_answer(&out, &answer), -EINVAL);
	answer.flags = 0;
	answer.lane = TRACE_LANE_MAX + 1;
	assert_int_equal(trace_put_answer(&out, &answer), -EINVAL);
	assert_int_equal(out.len, 0);
	answer.lane = 0;
	answer.got_len = TRACE_BYTES_MAX;
	assert_int_equal(trace_put_answer(&out, &answer), 0);
	assert_int_equal(trace_parse_line(&parser, out.data, out.len - 1, &line, NULL), 0);
	trace_files_same_answer(&line.answer, &answer);
	for (n = TRACE_BYTES_MAX; n <= TRACE_BYTES_MAX + 1; n++) {
		len = (size_t)sprintf(text, "{\"in\":\"read\",\"got\":\"");
		memset(text + len, 'x', n);
		len += n;
		len += (size_t)sprintf(text + len, "\"}");
		assert_int_equal(trace_parse_line(&parser, text, len, &line, NULL),
				 n > TRACE_BYTES_MAX ? -TRACE_ERR_CORRUPT : 0);
	}
	trace_parser_fini(&parser);
	json_out_fini(&out);
	free(text);
	free((void *)answer.got);
}

/* Through a file, alone by the filter: frames without answers are stepped over. */
static void through_a_file(void **state)
{
	const char *path = trace_files_path("answers.zst");
	struct trace_reader *reader;
	struct trace_line line;
	struct err err = { 0 };
	uint64_t n = 0;

	(void)state;
	trace_files_run(path, 20000, 500);
	reader = trace_reader_open(path, &err);
	assert_non_null(reader);
	trace_reader_filter(reader, TRACE_LINE_BIT(TRACE_LINE_ANSWER));
	while (trace_reader_next(reader, &line, &err) > 0) {
		struct trace_answer answer = trace_files_answer(n++);

		trace_files_same_answer(&line.answer, &answer);
	}
	assert_int_equal(err.code, 0);
	assert_int_equal(n, (20000 + 6) / 7);
	trace_reader_close(reader);
}

static void names_of_calls(void **state)
{
	unsigned number, named = 0;

	(void)state;
	assert_string_equal(syscall_name(0), "read");
	assert_string_equal(syscall_name(257), "openat");
	assert_null(syscall_name(1000));
	assert_null(syscall_name(UINT16_MAX));
	for (number = 0; number < 1024; number++) {
		const char *name = syscall_name(number);

		named += name != NULL;
		if (name)
			assert_int_equal(syscall_number(name, strlen(name)), number);
	}
	assert_true(named > 300);
	assert_int_equal(syscall_number("rea", 3), -1);
	assert_int_equal(syscall_number("readx", 4), 0);
	assert_int_equal(syscall_number("", 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),         cmocka_unit_test(fast_and_slow),
		cmocka_unit_test(every_byte),     cmocka_unit_test(other_writers),
		cmocka_unit_test(refused),        cmocka_unit_test(limits),
		cmocka_unit_test(through_a_file), cmocka_unit_test(names_of_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
