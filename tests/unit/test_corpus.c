/*
 * The corpus on disk: what is kept comes back, in the right order, and what makes no sense does not
 * do harm.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/record.h"
#include "fuzz/corpus.h"
#include "tests/unit/scratch.h"

static char *const bank[] = { (char[]){ "/x/bank" }, (char[]){ "4" }, NULL };
static char *const odd[] = { (char[]){ "./a \"b\"\n" }, NULL };

static const struct plan_decision some[] = {
	{ DECISION_PICK, 1, 5, 2 },
	{ DECISION_IO, 3, 123456789012345, -1 },
	{ DECISION_DELIVERY, 2, 7, 266 },
};

static struct corpus *open_corpus(const char *name, char *const *argv)
{
	struct err err = { 0 };
	struct corpus *corpus = corpus_open(scratch_path(name), argv, &err);

	if (!corpus)
		fail_msg("%s", err.text);
	return corpus;
}

static void assert_entry(const struct corpus *corpus, size_t i, uint32_t count)
{
	const struct plan_decision *decisions;
	uint32_t n;

	decisions = corpus_get(corpus, i, &n);
	assert_int_equal(n, count);
	assert_memory_equal(decisions, some, count * sizeof(*some));
}

static void kept_and_read_again(void **state)
{
	struct corpus *corpus = open_corpus("kept", bank);

	(void)state;
	assert_int_equal(corpus_count(corpus), 0);
	corpus_add(corpus, false, 0x11, some, 1);
	corpus_add(corpus, false, 0xffffffffffffffff, some, 0);
	corpus_add(corpus, true, 0x22, some, 3);
	/* What is there already is not added again. */
	corpus_add(corpus, true, 0x22, some, 2);
	corpus_add(corpus, false, 0x11, some, 2);
	corpus_close(corpus);

	corpus = open_corpus("kept", bank);
	assert_int_equal(corpus_count(corpus), 3);
	/* Failures first. */
	assert_entry(corpus, 0, 3);
	corpus_add(corpus, true, 0x22, some, 2);
	corpus_close(corpus);
	corpus = open_corpus("kept", bank);
	assert_int_equal(corpus_count(corpus), 3);
	corpus_close(corpus);
}

/* Failures, then the newest. */
static void the_newest_first(void **state)
{
	struct corpus *corpus = open_corpus("newest", bank);
	uint64_t i;

	(void)state;
	for (i = 0; i < 100; i++) {
		struct plan_decision one = { DECISION_PICK, 1, 1 + i, 2 };

		corpus_add(corpus, i == 30 || i == 60, 1 + i, &one, 1);
	}
	corpus_close(corpus);
	corpus = open_corpus("newest", bank);
	assert_int_equal(corpus_count(corpus), 100);
	for (i = 0; i < 4; i++) {
		static const uint64_t expected[] = { 61, 31, 100, 99 };
		uint32_t n;

		assert_int_equal(corpus_get(corpus, i, &n)->k, expected[i]);
	}
	corpus_close(corpus);
}

static void each_command_has_its_own(void **state)
{
	struct corpus *corpus = open_corpus("own", bank);

	(void)state;
	corpus_add(corpus, true, 1, some, 1);
	corpus_close(corpus);
	corpus = open_corpus("own", odd);
	assert_int_equal(corpus_count(corpus), 0);
	corpus_add(corpus, true, 2, some, 2);
	corpus_close(corpus);
	corpus = open_corpus("own", odd);
	assert_int_equal(corpus_count(corpus), 1);
	assert_entry(corpus, 0, 2);
	corpus_close(corpus);
}

/* Puts `text` behind what the corpus `name` of `bank` holds; how many entries are read then. */
static size_t with(const char *name, const char *text)
{
	struct corpus *corpus = open_corpus(name, bank);
	char pattern[64];
	glob_t files;
	FILE *file;
	size_t n;

	corpus_add(corpus, false, 1, some, 1);
	corpus_close(corpus);
	assert_int_equal(
		glob(scratch_path(strcat(strcpy(pattern, name), "/bank-*")), 0, NULL, &files), 0);
	assert_int_equal(files.gl_pathc, 1);
	file = fopen(files.gl_pathv[0], "a");
	globfree(&files);
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	corpus = open_corpus(name, bank);
	n = corpus_count(corpus);
	assert_true(n > 0);
	assert_entry(corpus, n - 1, 1);
	corpus_close(corpus);
	return n;
}

#define GOOD "{\"schedule\":\"0000000000000077\",\"decisions\":[[0,1,5,2]]}\n"

static void damaged_lines_are_passed_over(void **state)
{
	static const char *const wrong[] = {
		"\n",
		"{\"schedule\":\n",
		"[]\n",
		"7\n",
		"{}\n",
		"{\"schedule\":7,\"decisions\":[]}\n",
		"{\"schedule\":\"0000000000000099\"}\n",
		"{\"schedule\":\"0000000000000099\",\"decisions\":{}}\n",
		"\xff\xfe\xfd\n",
		"{\"schedule\":\"0000000000000001\",\"decisions\":[[0,9,9,9]]}\n", /* known */
	};
	char text[512], name[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(name, sizeof(name), "wrong%zu", i);
		snprintf(text, sizeof(text), "%s" GOOD, wrong[i]);
		assert_int_equal(with(name, text), 2);
	}
}

/* A last line that was cut: what is added later is not lost with it. */
static void a_cut_line_ends(void **state)
{
	struct corpus *corpus;

	(void)state;
	assert_int_equal(with("cut", GOOD "{\"schedule\":\"0000000000000088\",\"deci"), 2);
	corpus = open_corpus("cut", bank);
	corpus_add(corpus, true, 0x1234, some, 3);
	corpus_close(corpus);
	corpus = open_corpus("cut", bank);
	assert_int_equal(corpus_count(corpus), 3);
	assert_entry(corpus, 0, 3);
	corpus_close(corpus);
}

/* A file that has grown over many searches: the failures and the newest are used. */
static void of_many_the_best_are_used(void **state)
{
	struct corpus *corpus = open_corpus("many", bank);
	uint64_t i;
	uint32_t n;

	(void)state;
	for (i = 1; i <= 5000; i++) {
		struct plan_decision one = { DECISION_PICK, 1, i, 2 };

		corpus_add(corpus, i == 10, i, &one, 1);
	}
	corpus_close(corpus);
	corpus = open_corpus("many", bank);
	assert_int_equal(corpus_count(corpus), 1000);
	assert_int_equal(corpus_get(corpus, 0, &n)->k, 10);
	assert_int_equal(corpus_get(corpus, 1, &n)->k, 5000);
	assert_int_equal(corpus_get(corpus, 999, &n)->k, 5000 - 998);
	corpus_close(corpus);
}

static void impossible_decisions_are_left_out(void **state)
{
	static const char line[] =
		"{\"schedule\":\"0000000000000099\",\"decisions\":[[99,1,1,1],[0,0,1,1],[0],[],"
		"7,\"x\",[-1,-1,-1,-1],[0,1,5,2],[1e300,1e300,1e300,1e300]]}\n";
	struct corpus *corpus;
	const struct plan_decision *decisions;
	uint32_t n, i;

	(void)state;
	assert_int_equal(with("impossible", line), 2);
	corpus = open_corpus("impossible", bank);
	decisions = corpus_get(corpus, 0, &n);
	assert_int_equal(n, 1);
	for (i = 0; i < n; i++)
		assert_memory_equal(&decisions[i], &some[0], sizeof(*some));
	corpus_close(corpus);
}

static void a_long_schedule_is_not_kept(void **state)
{
	static struct plan_decision many[30000];
	struct corpus *corpus = open_corpus("long", bank);
	size_t i;

	(void)state;
	for (i = 0; i < 30000; i++)
		many[i] = some[0];
	corpus_add(corpus, true, 1, many, 30000);
	corpus_close(corpus);
	corpus = open_corpus("long", bank);
	assert_int_equal(corpus_count(corpus), 0);
	corpus_close(corpus);
}

static void another_program_is_refused(void **state)
{
	struct corpus *corpus = open_corpus("other", bank);
	struct err err = { 0 };

	(void)state;
	corpus_close(corpus);
	scratch_run("cd other && f=$(ls) && sed -i 's/bank/tank/' $f && cp $f before");
	assert_null(corpus_open(scratch_path("other"), bank, &err));
	assert_non_null(strstr(err.text, "another program"));
	assert_non_null(strstr(err.text, "--corpus"));
	scratch_run("cd other && cmp before bank-*");
}

static void where_nothing_can_be_written(void **state)
{
	struct err err = { 0 };

	(void)state;
	scratch_text("file", "");
	assert_null(corpus_open(scratch_path("file/below"), bank, &err));
	assert_int_equal(err.code, ENOTDIR);
	assert_non_null(strstr(err.text, "cannot make"));
	assert_null(corpus_open(scratch_path("file"), bank, &err));
	assert_int_equal(err.code, ENOTDIR);
	assert_non_null(strstr(err.text, "cannot write"));
}

static void none_is_kept(void **state)
{
	struct err err;
	struct corpus *corpus = corpus_open(NULL, bank, &err);

	(void)state;
	assert_non_null(corpus);
	corpus_add(corpus, true, 1, some, 1);
	assert_int_equal(corpus_count(corpus), 0);
	corpus_close(corpus);
	corpus_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_and_read_again),
		cmocka_unit_test(the_newest_first),
		cmocka_unit_test(each_command_has_its_own),
		cmocka_unit_test(damaged_lines_are_passed_over),
		cmocka_unit_test(a_cut_line_ends),
		cmocka_unit_test(of_many_the_best_are_used),
		cmocka_unit_test(impossible_decisions_are_left_out),
		cmocka_unit_test(a_long_schedule_is_not_kept),
		cmocka_unit_test(another_program_is_refused),
		cmocka_unit_test(where_nothing_can_be_written),
		cmocka_unit_test(none_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
