/*
 * recorder/source.h: paths by text, and single lines of good, strange and hostile files.
 */
#include "recorder/source.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"

static void test_path(void **state)
{
	static const struct {
		const char *path, *directory, *result;
	} cases[] = {
		{ "bank.c", "/home/me", "/home/me/bank.c" },
		{ "./src//bank.c", "/home/me/", "/home/me/src/bank.c" },
		{ "../lib/bank.c", "/home/me", "/home/lib/bank.c" },
		{ "../../../../bank.c", "/home/me", "/bank.c" },
		{ "/abs/./x/../bank.c", "/home/me", "/abs/bank.c" },
		{ "bank.c", NULL, "bank.c" },
		{ "a/../../bank.c", NULL, "../bank.c" },
		{ "../../bank.c", NULL, "../../bank.c" },
		{ "bank.c", "src", "src/bank.c" },
		{ ".", "/home/me", "/home/me" },
		{ "..", "/", "/" },
		{ "/", NULL, "/" },
		{ ".", NULL, "." },
		{ "...", "/a", "/a/..." },
	};
	char buf[SOURCE_PATH_MAX], small[12];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		source_path(cases[i].path, cases[i].directory, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].result);
	}
	memset(small, 'x', sizeof(small));
	source_path("a/very/long/path/name.c", "/home", small, 10);
	assert_true(strlen(small) < 10);
	assert_int_equal(small[10], 'x');
}

static void check_line(const char *path, unsigned line, const char *expected)
{
	char buf[SOURCE_LINE_MAX + 1];
	int n = source_line(path, scratch_dir(), NULL, line, buf, sizeof(buf));

	assert_string_equal(buf, expected);
	assert_int_equal(n, strlen(expected));
}

static void test_lines(void **state)
{
	char buf[64];

	(void)state;
	scratch_text("a.c", "first\n\t  second\tx  \n\nfourth\r\nlast");
	check_line("a.c", 1, "first");
	check_line("a.c", 2, "second x");
	check_line("a.c", 3, "");
	check_line("a.c", 4, "fourth");
	check_line("a.c", 5, "last");
	check_line(scratch_path("a.c"), 4, "fourth");
	assert_int_equal(source_line("a.c", scratch_dir(), NULL, 6, buf, sizeof(buf)), -ERANGE);
	assert_string_equal(buf, "");
	assert_int_equal(source_line("a.c", scratch_dir(), NULL, 0, buf, sizeof(buf)), -ERANGE);
	assert_int_equal(source_line("a.c", scratch_dir(), NULL, 1, buf, 4), 3);
	assert_string_equal(buf, "fir");
	scratch_text("b.c", "only\n");
	assert_int_equal(source_line("b.c", scratch_dir(), NULL, 2, buf, sizeof(buf)), -ERANGE);
	scratch_text("empty.c", "");
	assert_int_equal(source_line("empty.c", scratch_dir(), NULL, 1, buf, sizeof(buf)), -ERANGE);
}

static void test_directories(void **state)
{
	char buf[64], other[300];

	(void)state;
	scratch_run("mkdir -p one two && echo one > one/x.c && echo two > two/x.c && echo y > "
		    "two/y.c");
	strcpy(other, scratch_path("two"));
	assert_int_equal(source_line("x.c", scratch_path("one"), other, 1, buf, sizeof(buf)), 3);
	assert_string_equal(buf, "one");
	assert_int_equal(source_line("y.c", scratch_path("one"), other, 1, buf, sizeof(buf)), 1);
	assert_string_equal(buf, "y");
	assert_int_equal(source_line("x.c", NULL, other, 1, buf, sizeof(buf)), 3);
	assert_string_equal(buf, "two");
	assert_int_equal(source_line("x.c", NULL, NULL, 1, buf, sizeof(buf)), -ENOENT);
	assert_int_equal(source_line("z.c", scratch_path("one"), other, 1, buf, sizeof(buf)),
			 -ENOENT);
	assert_int_equal(source_line(other, NULL, NULL, 1, buf, sizeof(buf)), -EACCES);
	scratch_run("mkfifo pipe");
	assert_int_equal(source_line(scratch_path("pipe"), NULL, NULL, 1, buf, sizeof(buf)),
			 -EACCES);
}

/* What a terminal would obey does not come out, and characters are not cut in two. */
static void test_hostile(void **state)
{
	char text[1200], buf[SOURCE_LINE_MAX + 1];
	size_t i;

	(void)state;
	scratch_text("esc.c", "a\x1b[31mb\x7f\xc2\x9b"
			      "c\n");
	check_line("esc.c", 1, "a?[31mb???c");
	scratch_bytes("nul.c", "a\0b\nnext\n", 9, 0644);
	check_line("nul.c", 1, "a?b");
	check_line("nul.c", 2, "next");

	/* 499 letters, then characters of two bytes. */
	memset(text, 'x', 499);
	for (i = 499; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	scratch_bytes("long.c", text, i, 0644);
	assert_int_equal(source_line("long.c", scratch_dir(), NULL, 1, buf, sizeof(buf)), 499);
	assert_int_equal(buf[498], 'x');
	scratch_bytes("long.c", text + 1, i - 1, 0644);
	assert_int_equal(source_line("long.c", scratch_dir(), NULL, 1, buf, sizeof(buf)), 500);
	assert_string_equal(buf + 498, "\xc3\xa9");
}

/* Lines on both sides of the reader's chunk, and the limit of size. */
static void test_large(void **state)
{
	char *text = malloc(200000), buf[64];
	size_t i;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < 20000; i++)
		memcpy(text + i * 10, "123456789\n", 10);
	memcpy(text + 6553 * 10, "ABCDEFGHI", 9); /* bytes 65530 to 65539 */
	scratch_bytes("large.c", text, 200000, 0644);
	check_line("large.c", 6554, "ABCDEFGHI");
	check_line("large.c", 6553, "123456789");
	check_line("large.c", 6555, "123456789");
	check_line("large.c", 20000, "123456789");
	free(text);
	assert_int_equal(truncate(scratch_path("large.c"), (off_t)SOURCE_FILE_MAX + 1), 0);
	assert_int_equal(source_line("large.c", scratch_dir(), NULL, 1, buf, sizeof(buf)), -EFBIG);
	assert_int_equal(truncate(scratch_path("large.c"), (off_t)SOURCE_FILE_MAX), 0);
	check_line("large.c", 6554, "ABCDEFGHI");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),        cmocka_unit_test(test_lines),
		cmocka_unit_test(test_directories), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
