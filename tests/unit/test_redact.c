/*
 * Redaction: bytes of all kinds, the ends of a trace, and answers in pieces as they stand in the
 * file afterwards.
 */
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/trace_reader.h"
#include "recorder/answer_sink.h"
#include "tests/unit/trace_files.h"

static struct redact *one(const char *pattern)
{
	struct err err = { 0 };
	struct redact *redact = redact_new(&pattern, 1, &err);

	assert_non_null(redact);
	return redact;
}

static void bytes(void **state)
{
	static const struct {
		const char *pattern, *before, *after;
		size_t length;
	} rows[] = {
		{ "secret", "a secret and a secret", "a ****** and a ******", 21 },
		{ "pw=[^ ]*", "pw= pw=abc x", "*** ****** x", 12 },
		{ "k.*", "k1\nk2\nx", "**\n**\nx", 7 },
		{ "^k", "k k\nk", "* k\n*", 5 },
		{ "b.d", "a\0bxd\0", "a\0***\0", 6 },
		{ "k=.*", "k=\xff\xc3\x28z\n", "******\n", 7 },
		{ "x*", "axxb", "a**b", 4 },
		{ "\xc3\xa9+", "\xc3\xa9\xa9.", "***.", 4 },
		{ "none", "abc", "abc", 3 },
	};
	size_t i;

	(void)state;
	setlocale(LC_ALL, "C.UTF-8");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct redact *redact = one(rows[i].pattern);
		char text[32];

		memcpy(text, rows[i].before, rows[i].length);
		print_message("# %s\n", rows[i].pattern);
		assert_int_equal(redact_bytes(redact, text, rows[i].length),
				 memcmp(rows[i].before, rows[i].after, rows[i].length) != 0);
		assert_memory_equal(text, rows[i].after, rows[i].length);
		redact_free(redact);
	}
	assert_false(redact_bytes(NULL, NULL, 0));
}

static void bad_patterns(void **state)
{
	const char *patterns[] = { "good", "(", "[" };
	struct err err = { 0 };

	(void)state;
	assert_null(redact_new(patterns, 0, &err));
	assert_int_equal(err.code, 0);
	assert_null(redact_new(patterns, 3, &err));
	assert_int_equal(err.code, EINVAL);
	assert_non_null(strstr(err.text, "\"(\""));
}

static void ends_of_a_trace(void **state)
{
	cJSON *header = cJSON_Parse("{\"argv\":[\"x\",\"tok1\"],\"cwd\":\"/tok2\",\"environment\":"
				    "{\"A\":\"tok3\",\"KEY\":\"abc\",\"tok4\":\"\"}}");
	cJSON *outcome = cJSON_Parse("{\"stderr\":\"a tok5\",\"text\":\"tok6\",\"finding\":{"
				     "\"judged\":\"tok7\"},\"hb_hash\":\"tok8\"}");
	const char *patterns[] = { "tok[0-9]", "^KEY=.*" };
	struct redact *redact = redact_new(patterns, 2, NULL), *again;
	char *text, secret[] = "tok9";

	(void)state;
	redact_header(redact, header);
	text = cJSON_PrintUnformatted(header);
	assert_string_equal(text, "{\"argv\":[\"x\",\"****\"],\"cwd\":\"/tok2\",\"environment\":"
				  "{\"A\":\"****\",\"KEY\":\"***\",\"tok4\":\"\"},"
				  "\"redact\":[\"tok[0-9]\",\"^KEY=.*\"]}");
	free(text);
	redact_outcome(redact, outcome);
	text = cJSON_PrintUnformatted(outcome);
	assert_string_equal(text, "{\"stderr\":\"a ****\",\"text\":\"****\",\"finding\":{"
				  "\"judged\":\"****\"},\"hb_hash\":\"tok8\"}");
	free(text);
	again = redact_of_header(header);
	assert_true(redact_bytes(again, secret, 4));
	assert_string_equal(secret, "****");
	assert_null(redact_of_header(outcome));
	redact_free(again);
	redact_free(redact);
	cJSON_Delete(header);
	cJSON_Delete(outcome);
}

struct piece {
	struct record_answer answer;
	char bytes[64];
};

static void put(struct answer_sink *sink, unsigned flags, const char *sent, const char *got)
{
	struct piece piece = { .answer = { .flags = (uint16_t)flags,
					   .sent_length = (uint32_t)strlen(sent),
					   .got_length = (uint32_t)strlen(got),
					   .sent_hash = 5,
					   .head = { RECORD_ANSWER, 0, sizeof(piece) } } };

	snprintf(piece.bytes, sizeof(piece.bytes), "%s%s", sent, got);
	assert_int_equal(answer_sink_put(sink, &piece.answer), 0);
}

static void answers(void **state)
{
	static const struct {
		unsigned flags;
		uint64_t hash;
		const char *sent, *got;
	} want[] = {
		{ 0, 5, "plain", "plain" },
		{ ANSWER_REDACTED, 0, "a ******", "" },
		{ ANSWER_MORE | ANSWER_REDACTED, 5, "", "1 ***" },
		{ ANSWER_MORE | ANSWER_NEXT | ANSWER_REDACTED, 5, "", "**" },
		{ ANSWER_NEXT | ANSWER_REDACTED, 5, "", "* 2" },
		{ ANSWER_REFERENCE, 5, "", "secret" },
	};
	const char *path = trace_files_path("redact.zst");
	struct trace_writer *writer = trace_writer_open(path, 0, NULL);
	struct answer_sink *sink = answer_sink_new(writer);
	struct redact *redact = one("secret");
	struct trace_reader *reader;
	struct trace_line line;
	size_t i;

	(void)state;
	trace_writer_header(writer, NULL);
	answer_sink_redact(sink, redact);
	put(sink, 0, "plain", "plain");
	put(sink, 0, "a secret", "");
	put(sink, ANSWER_MORE, "", "1 sec");
	put(sink, ANSWER_MORE | ANSWER_NEXT, "", "re");
	put(sink, ANSWER_NEXT, "", "t 2");
	put(sink, ANSWER_REFERENCE, "", "secret");
	trace_writer_outcome(writer, "exit", NULL);
	assert_int_equal(trace_writer_close(writer, NULL), 0);
	reader = trace_reader_open(path, NULL);
	trace_reader_filter(reader, TRACE_LINE_BIT(TRACE_LINE_ANSWER));
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(trace_reader_next(reader, &line, NULL), 1);
		assert_int_equal(line.answer.flags, want[i].flags);
		assert_int_equal(line.answer.sent_hash, want[i].hash);
		assert_int_equal(line.answer.sent_len, strlen(want[i].sent));
		assert_int_equal(line.answer.got_len, strlen(want[i].got));
		if (line.answer.sent_len)
			assert_memory_equal(line.answer.sent, want[i].sent, line.answer.sent_len);
		if (line.answer.got_len)
			assert_memory_equal(line.answer.got, want[i].got, line.answer.got_len);
	}
	assert_int_equal(trace_reader_next(reader, &line, NULL), 0);
	trace_reader_close(reader);
	answer_sink_free(sink);
	redact_free(redact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(bad_patterns),
		cmocka_unit_test(ends_of_a_trace),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
