/*
 * How runs ended, told from outcomes: each verdict once, compared with golden files, and hostile
 * members.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/trace_reader.h"
#include "recorder/story.h"
#include "replayer/trace_file.h"
#include "tests/unit/golden.h"
#include "tests/unit/sample_trace.h"

/* The story of a trace with this outcome and these members of it (NULL: the sample's deadlock). */
static char *tell(const char *verdict, const char *members, bool verbose, const uint64_t *taken)
{
	const char *path = sample_path();
	struct story story = { .verbose = verbose, .taken = taken, .taken_count = taken ? 2 : 0 };
	struct trace_file file;
	struct err err = { 0 };
	char *text = NULL;
	size_t size;

	sample_write(path, &(struct sample){ .verdict = verdict, .outcome = members });
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	story.naming = file.naming;
	story.out = open_memstream(&text, &size);
	story_tell(&story, file.outcome);
	fclose(story.out);
	trace_file_close(&file);
	return text;
}

static void expect(const char *golden, const char *verdict, const char *members, bool verbose)
{
	char *text = tell(verdict, members, verbose, NULL);

	golden_check(golden, text);
	free(text);
}

static void deadlock(void **state)
{
	uint64_t taken[] = { 11, 5 };
	char *text = tell(NULL, NULL, false, taken);

	(void)state;
	golden_check("story-deadlock.txt", text);
	free(text);
	expect("story-deadlock-verbose.txt", NULL, NULL, true);
}

/* A thread that waits for itself, and one that has to take its mutex back. */
static void odd_waits(void **state)
{
	(void)state;
	expect("story-deadlock-self.txt", "deadlock",
	       "{\"cycle\":1,\"edges\":[{\"lane\":1,\"kind\":\"mutex_lock\",\"object\":1,"
	       "\"context\":6,\"owner\":1,\"owner_context\":7,\"owner_k\":1}]}",
	       false);
	expect("story-stuck.txt", "stuck",
	       "{\"edges\":[{\"lane\":1,\"kind\":\"thread_join\",\"object\":3,\"context\":5,"
	       "\"owner\":2},{\"lane\":2,\"kind\":\"cond_wait\",\"object\":1,\"context\":6,"
	       "\"owner\":3,\"owner_context\":7,\"owner_k\":1},"
	       "{\"lane\":3,\"kind\":\"cond_wait\",\"context\":6}]}",
	       false);
	/* T3 holds the mutex and does not wait: it has ended. */
	expect("story-stuck-ended.txt", "stuck",
	       "{\"edges\":[{\"lane\":1,\"kind\":\"thread_join\",\"object\":3,\"context\":5,"
	       "\"owner\":2},{\"lane\":2,\"kind\":\"mutex_lock\",\"object\":1,\"context\":6,"
	       "\"owner\":3,\"owner_context\":7,\"owner_k\":1}]}",
	       false);
}

static void signals(void **state)
{
	(void)state;
	expect("story-crash.txt", "signal",
	       "{\"status\":11,\"lane\":2,\"k\":2,\"address\":\"0x10\",\"frames\":[1,6,8],"
	       "\"stderr\":\"about to die\\n\"}",
	       false);
	expect("story-abort.txt", "signal",
	       "{\"status\":6,\"lane\":2,\"k\":2,\"address\":\"0x3e800\",\"frames\":[1,6]}", false);
	expect("story-killed.txt", "signal", "{\"status\":9}", false);
}

static void others(void **state)
{
	(void)state;
	expect("story-exit-0.txt", "exit", "{\"status\":0,\"stderr\":\"fine\\n\"}", false);
	expect("story-exit-3.txt", "exit",
	       "{\"status\":3,\"stderr\":\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n10\\n11\\n\\n\"}",
	       false);
	expect("story-time-limit.txt", "signal", "{\"status\":9,\"time_limit\":true}", false);
	expect("story-step-budget.txt", "step budget",
	       "{\"lane\":2,\"text\":\"the run took more operations than it was allowed\"}", false);
	expect("story-lost-thread.txt", "lost thread", "{\"lane\":3}", false);
	expect("story-running.txt", "running", "{}", false);
	expect("story-later-version.txt", "enlightened", "{\"text\":\"all is one\"}", false);
}

/* Bytes that are no UTF-8 come as base64: "\xff\x1b[2J". */
static void hostile(void **state)
{
	char *text = tell("exit", "{\"status\":1,\"stderr\":{\"b64\":\"/xtbMko=\"}}", false, NULL);

	(void)state;
	assert_non_null(strstr(text, "  \\xff\\x1b[2J\n"));
	free(text);
	text = tell("deadlock",
		    "{\"cycle\":9,\"edges\":[7,null,{\"lane\":-1,\"object\":1e300,"
		    "\"kind\":\"\\u001b[2J\",\"owner\":99}],\"frames\":\"x\"}",
		    true, NULL);
	assert_non_null(strstr(text, "Deadlock: "));
	assert_null(strchr(text, '\033'));
	free(text);
	text = tell("\033]0;x\007", "{\"text\":\"\\u009b2J\"}", false, NULL);
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "\xc2\x9b"));
	free(text);
}

static void verdicts(void **state)
{
	static const struct {
		const char *outcome;
		enum verdict_kind verdict;
		bool failure;
		const char *word;
	} cases[] = {
		{ "{\"outcome\":\"exit\",\"status\":0}", VERDICT_EXIT, false, "exit status 0" },
		{ "{\"outcome\":\"exit\",\"status\":7}", VERDICT_EXIT, true, "exit status 7" },
		{ "{\"outcome\":\"signal\",\"status\":11}", VERDICT_SIGNAL, true,
		  "signal 11 (SIGSEGV)" },
		{ "{\"outcome\":\"exit\",\"status\":0,"
		  "\"finding\":{\"judged\":\"the check ended\"}}",
		  VERDICT_EXIT, true, "exit status 0" },
		{ "{\"outcome\":\"deadlock\"}", VERDICT_DEADLOCK, true, "deadlock" },
		{ "{\"outcome\":\"running\"}", VERDICT_NONE, false, "no outcome" },
		{ "{\"outcome\":\"enlightened\"}", VERDICT_COUNT, false, "enlightened" },
		{ "{}", VERDICT_NONE, false, "no outcome" },
	};
	char space[64];
	struct text text;
	cJSON *outcome;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		outcome = cJSON_Parse(cases[i].outcome);
		text_init(&text, space, sizeof(space));
		story_word(&text, outcome);
		assert_int_equal(story_verdict(outcome), cases[i].verdict);
		assert_int_equal(story_is_failure(outcome), cases[i].failure);
		assert_string_equal(text.data, cases[i].word);
		cJSON_Delete(outcome);
	}
	assert_int_equal(story_verdict(NULL), VERDICT_NONE);
}

static void commands(void **state)
{
	static const struct {
		const char *path, *quoted;
	} cases[] = {
		{ "trace.zst", "frontrun replay trace.zst\n" },
		{ "my trace.zst", "frontrun replay 'my trace.zst'\n" },
		{ "it's.zst", "frontrun replay 'it'\\''s.zst'\n" },
		{ "-x.zst", "frontrun replay './-x.zst'\n" },
		{ "$(rm).zst", "frontrun replay '$(rm).zst'\n" },
	};
	char *text;
	size_t i, size;
	FILE *out;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		out = open_memstream(&text, &size);
		story_commands(out, cases[i].path);
		fclose(out);
		assert_non_null(strstr(text, cases[i].quoted));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadlock), cmocka_unit_test(odd_waits), cmocka_unit_test(signals),
		cmocka_unit_test(others),   cmocka_unit_test(hostile),   cmocka_unit_test(verdicts),
		cmocka_unit_test(commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
