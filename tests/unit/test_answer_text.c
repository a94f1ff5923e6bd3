/*
 * Answers as lines for people: what is shown of each kind, bounded and without anything that a
 * terminal would obey.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "formats/record.h"
#include "replayer/answer_text.h"

static void lines(void **state)
{
	static const char sixty[] = "0123456789012345678901234567890123456789"
				    "01234567890123456789";
	static const struct {
		const char *want;
		struct trace_answer answer;
	} rows[] = {
		{ "read(3, 99) = 4 \"a\\n\\\"b\"",
		  { .call = SYS_read,
		    .args = { 3, 0, 99 },
		    .result = 4,
		    .got = "a\n\"b",
		    .got_len = 4 } },
		{ "read(3, 99) = EAGAIN",
		  { .call = SYS_read, .args = { 3, 0, 99 }, .result = -11 } },
		{ "write(1, 60, \"0123456789012345678901234567890123456789\"...) = 60",
		  { .call = SYS_write,
		    .args = { 1, 0, 60 },
		    .result = 60,
		    .sent = sixty,
		    .sent_len = 60 } },
		{ "read(0, 0) = 39 \"012345678901234567890123456789012345678\"...",
		  { .call = SYS_read,
		    .result = 39,
		    .got = "012345678901234567890123456789012345678\xc3\xa9",
		    .got_len = 41 } },
		{ "openat(\"/m\xc3\xa9\") = 3",
		  { .call = SYS_openat, .result = 3, .name = "/m\xc3\xa9", .name_len = 4 } },
		{ "rename(\"a\", \"b\") = 0",
		  { .call = SYS_rename, .name = "a\0b", .name_len = 3 } },
		{ "fstat(5) = 0 <144 bytes>",
		  { .call = SYS_fstat, .args = { 5 }, .got = sixty, .got_len = 144 } },
		{ "read(5, 10) = 10, bytes of the file itself",
		  { .call = SYS_read,
		    .args = { 5, 0, 10 },
		    .result = 10,
		    .flags = ANSWER_REFERENCE,
		    .got = sixty,
		    .got_len = 24 } },
		{ "read(0, 0) = 7 \"\\x1b[31m\\x00\\xff\"",
		  { .call = SYS_read, .result = 7, .got = "\x1b[31m\0\xff", .got_len = 7 } },
		{ "teleport(0, 7) = -9000",
		  { .call = TRACE_CALL_UNKNOWN,
		    .in = "teleport",
		    .in_len = 8,
		    .args = { 0, 7 },
		    .result = -9000 } },
		{ "?() = 0", { .call = 1000 } },
	};
	char space[256];
	struct text text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text_init(&text, space, sizeof(space));
		answer_text(&text, &rows[i].answer);
		assert_string_equal(text.data, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
