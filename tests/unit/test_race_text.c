/*
 * Files of suppressions, as the thread sanitizer has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/race_text.h"

/* A race in a module that is not there: all that is known is its name. */
static const struct record_race race = {
	.earlier = { .lane = 2,
		     .writes = 1,
		     .mask = 0xf0,
		     .frame_count = 2,
		     .frames = { { .module = 1, .offset = 0x1234 },
				 { .module = 3, .offset = 0x9abc } } },
	.later = { .lane = 3,
		   .mask = 0xc0,
		   .frame_count = 1,
		   .lock_count = RACE_LOCKS + 2,
		   .locks = { 1, 2, 3, 4, 5, 6, 7, 8 },
		   .frames = { { .module = 2, .offset = 0x5678 } } },
};

static bool suppressed(const char *lines)
{
	struct symbols *symbols = symbols_new();
	char path[] = "/tmp/frontrun-suppressions.XXXXXX";
	int fd = mkstemp(path);
	struct suppressions *suppressions;
	struct err err;
	bool have;

	dprintf(fd, "%s", lines);
	close(fd);
	symbols_module(symbols, 1, "/nowhere/libqueue.so.1", NULL);
	symbols_module(symbols, 2, "/nowhere/server", NULL);
	symbols_module(symbols, 3, "/nowhere/caller", NULL);
	suppressions = suppressions_read(path, &err);
	unlink(path);
	assert_non_null(suppressions);
	have = suppressions_have(suppressions, &race, symbols);
	suppressions_free(suppressions);
	symbols_free(symbols);
	return have;
}

static void patterns_are_parts_of_names(void **state)
{
	(void)state;
	assert_true(suppressed("race:libqueue\n"));
	assert_true(suppressed("# theirs\n\nrace:^server$\n"));
	assert_true(suppressed("race_top:lib*.so"));
	assert_true(suppressed("race:^caller$"));
	assert_false(suppressed("race_top:^caller$"));
	assert_false(suppressed("race:^queue\n"));
	assert_false(suppressed("race:serve$\n"));
	assert_false(suppressed("thread:server\nmutex:server\n"));
	assert_false(suppressed(""));
}

static void name_lock(void *self, struct text *text, uint32_t object)
{
	(void)self;
	text_addf(text, "m%u", object);
}

static void a_race_in_words(void **state)
{
	struct symbols *symbols = symbols_new();
	const struct race_words words = { .symbols = symbols, .lock = name_lock };
	char space[RACE_TEXT];
	struct text text;

	(void)state;
	symbols_module(symbols, 1, "/nowhere/libqueue.so.1", NULL);
	symbols_module(symbols, 2, "/nowhere/server", NULL);
	symbols_module(symbols, 3, "/nowhere/caller", NULL);
	text_init(&text, space, sizeof(space));
	race_text(&text, &race, &words);
	assert_string_equal(space,
			    "data race on memory: T3 reads it at server+0x5678, T2 had written "
			    "it at libqueue.so.1+0x1234, and nothing orders the two\n"
			    "  T3 reads bytes 2-3, holding m1, m2, m3, m4, m5, m6, m7, m8 and 2 "
			    "more\n"
			    "      at server+0x5678\n"
			    "  T2 had written bytes 0-3, holding no lock\n"
			    "      at libqueue.so.1+0x1234\n"
			    "      at caller+0x9abc");
	symbols_free(symbols);
}

static void a_file_that_is_not_there(void **state)
{
	struct err err;

	(void)state;
	assert_null(suppressions_read("/nowhere/suppressions", &err));
	assert_string_equal(err.text,
			    "cannot read /nowhere/suppressions: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_parts_of_names),
		cmocka_unit_test(a_race_in_words),
		cmocka_unit_test(a_file_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
