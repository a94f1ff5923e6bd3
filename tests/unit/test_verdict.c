/*
 * Verdicts: what counts as a failure, and which failures are the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuzz/verdict.h"
#include "tests/unit/made_log.h"

/* A worker that never ran anything: its files and its log are filled by hand. */
static struct worker_config config = { .input = -1 };
static struct worker *worker;
static struct verdict_rules rules;

static int begin(void **state)
{
	struct err err;

	(void)state;
	rules = (struct verdict_rules){ .expected_status = 0 };
	worker = worker_new(&config, 0, &err);
	return worker ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	worker_free(worker);
	return 0;
}

static struct run_log *log_of_worker(void)
{
	return (struct run_log *)worker_log(worker);
}

static void write_stream(int fd, const char *text)
{
	int file = worker_stream(worker, fd);

	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(pwrite(file, text, strlen(text), 0), strlen(text));
}

static struct verdict judge(enum verdict_kind kind, int status, const char *errors)
{
	struct server_report report = { .verdict = kind, .status = status };
	struct verdict verdict;

	write_stream(STDERR_FILENO, errors);
	verdict_judge(&rules, worker, &report, &verdict);
	return verdict;
}

static void assert_same(int status, const char *a, const char *b)
{
	struct verdict first = judge(VERDICT_EXIT, status, a);
	struct verdict second = judge(VERDICT_EXIT, status, b);

	assert_true(first.fingerprint != 0);
	assert_int_equal(first.kind, second.kind);
	assert_int_equal(first.fingerprint, second.fingerprint);
}

static void assert_differ(struct verdict a, struct verdict b)
{
	assert_true(a.fingerprint != 0 && b.fingerprint != 0);
	assert_int_not_equal(a.fingerprint, b.fingerprint);
}

static void what_passes_has_no_fingerprint(void **state)
{
	struct verdict verdict = judge(VERDICT_EXIT, 0, "a warning\n");

	(void)state;
	assert_int_equal(verdict.kind, FAILURE_NONE);
	assert_int_equal(verdict.fingerprint, 0);
	assert_string_equal(verdict.message, "");
	rules.expected_status = 3;
	assert_int_equal(judge(VERDICT_EXIT, 3, "").kind, FAILURE_NONE);
	assert_int_equal(judge(VERDICT_EXIT, 2, "").kind, FAILURE_EXIT);
	/* Success is no failure, whatever the first run did. */
	assert_int_equal(judge(VERDICT_EXIT, 0, "").kind, FAILURE_NONE);
}

static void each_ending_has_its_kind(void **state)
{
	struct server_report slow = { .verdict = VERDICT_EXIT, .time_limit = true };
	struct verdict verdict;

	(void)state;
	assert_int_equal(judge(VERDICT_EXIT, 1, "").kind, FAILURE_EXIT);
	assert_int_equal(judge(VERDICT_SIGNAL, 11, "").kind, FAILURE_SIGNAL);
	assert_int_equal(judge(VERDICT_DEADLOCK, 0, "").kind, FAILURE_DEADLOCK);
	assert_int_equal(judge(VERDICT_STUCK, 0, "").kind, FAILURE_STUCK);
	assert_int_equal(judge(VERDICT_LOST_THREAD, 0, "").kind, FAILURE_LOST);
	assert_int_equal(judge(VERDICT_STEP_BUDGET, 0, "").kind, FAILURE_LIVELOCK);
	verdict_judge(&rules, worker, &slow, &verdict);
	assert_int_equal(verdict.kind, FAILURE_HANG);
}

static void numbers_and_addresses_do_not_count(void **state)
{
	(void)state;
	assert_same(1, "bank: expected 30, got 10\n", "bank: expected 30, got 2000\n");
	assert_same(1, "at 0x7ffe1234\n", "at 0x55c0\n");
	/* An address may begin with a letter. */
	assert_same(1, "at 0xdeadbeef\n", "at 0x7ffe1234\n");
	assert_same(1, "at 0xDEADBEEF: gone\n", "at 0x1: gone\n");
	assert_same(1, "[pid 4711] lost\n", "[pid 99] lost\n");
}

static void other_words_are_another_failure(void **state)
{
	(void)state;
	assert_differ(judge(VERDICT_EXIT, 1, "money lost\n"),
		      judge(VERDICT_EXIT, 1, "money found\n"));
	assert_differ(judge(VERDICT_EXIT, 1, "money lost\n"),
		      judge(VERDICT_EXIT, 2, "money lost\n"));
	assert_differ(judge(VERDICT_EXIT, 6, "money lost\n"),
		      judge(VERDICT_SIGNAL, 6, "money lost\n"));
	assert_differ(judge(VERDICT_SIGNAL, 6, "money lost\n"),
		      judge(VERDICT_SIGNAL, 11, "money lost\n"));
	assert_differ(judge(VERDICT_STUCK, 0, ""), judge(VERDICT_STEP_BUDGET, 0, ""));
	/* Words of letters that are digits too. */
	assert_differ(judge(VERDICT_EXIT, 1, "dead\n"), judge(VERDICT_EXIT, 1, "beef\n"));
}

/* An assertion says what is wrong, whatever else was printed. */
static void the_line_that_says_most(void **state)
{
	struct verdict verdict;

	(void)state;
	verdict = judge(VERDICT_SIGNAL, 6,
			"starting\nbank: bank.c:17: main: Assertion `a == b' failed.\nbye\n");
	assert_string_equal(verdict.message, "bank: bank.c:17: main: Assertion `a == b' failed.");
	verdict = judge(VERDICT_EXIT, 1, "first\nlast\n\n");
	assert_string_equal(verdict.message, "last");
	verdict = judge(VERDICT_EXIT, 1, "no newline");
	assert_string_equal(verdict.message, "no newline");
	verdict = judge(VERDICT_EXIT, 1, "\033[31mred\033[0m\n");
	assert_null(strchr(verdict.message, '\033'));
	verdict = judge(VERDICT_EXIT, 1, "\n\n");
	assert_string_equal(verdict.message, "");
}

/* Only the end of a long output is looked at, and a long line is cut. */
static void much_output(void **state)
{
	static char text[100001];
	struct verdict verdict;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	verdict = judge(VERDICT_EXIT, 1, text);
	assert_in_range(strlen(verdict.message), 1, sizeof(verdict.message) - 1);
	strcpy(text + sizeof(text) - 10, "\nthe end\n");
	verdict = judge(VERDICT_EXIT, 1, text);
	assert_string_equal(verdict.message, "the end");
	/* Bytes that are none of a text. */
	assert_int_equal(pwrite(worker_stream(worker, STDERR_FILENO), "a\0b", 3, 0), 3);
	assert_int_equal(ftruncate(worker_stream(worker, STDERR_FILENO), 3), 0);
	verdict_judge(&rules, worker,
		      &(struct server_report){ .verdict = VERDICT_EXIT, .status = 1 }, &verdict);
	assert_string_equal(verdict.message, "a?b");
}

static void a_sanitizer_report_is_a_failure(void **state)
{
	static const char asan[] =
		"==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010\n"
		"READ of size 4\n"
		"SUMMARY: AddressSanitizer: heap-use-after-free bank.c:17 in book\n"
		"Shadow bytes\n";
	static const char again[] =
		"==9999==ERROR: AddressSanitizer: heap-use-after-free on address 0xf02000000010\n"
		"READ of size 8\n"
		"SUMMARY: AddressSanitizer: heap-use-after-free bank.c:17 in book\n";
	static const char other[] =
		"==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010\n"
		"SUMMARY: AddressSanitizer: heap-use-after-free bank.c:17 in audit\n";
	struct verdict verdict = judge(VERDICT_EXIT, 1, asan);

	(void)state;
	assert_int_equal(verdict.kind, FAILURE_SANITIZER);
	assert_string_equal(verdict.message,
			    "SUMMARY: AddressSanitizer: heap-use-after-free bank.c:17 in book");
	assert_same(1, asan, again);
	assert_differ(verdict, judge(VERDICT_EXIT, 1, other));
	/* Also where it goes on to a good end, or aborts. */
	assert_int_equal(
		judge(VERDICT_EXIT, 0, "a.c:3:4: runtime error: signed integer overflow\n").kind,
		FAILURE_SANITIZER);
	assert_int_equal(judge(VERDICT_SIGNAL, 6, asan).kind, FAILURE_SANITIZER);
	assert_int_equal(
		judge(VERDICT_EXIT, 66, "WARNING: ThreadSanitizer: data race (pid=5)\n").kind,
		FAILURE_SANITIZER);
	assert_int_equal(judge(VERDICT_EXIT, 0, "no errors: a runtime without error\n").kind,
			 FAILURE_NONE);
}

#define FRAMES_IN_THREAD                                                                \
	"Traceback (most recent call last):\n"                                          \
	"  File \"/usr/lib/python3.11/threading.py\", line 1038, in _bootstrap_inner\n" \
	"    self.run()\n"
#define IN_THREAD(number) "Exception in thread Thread-" #number " (sell):\n" FRAMES_IN_THREAD
#define SELLS(line)                                              \
	"  File \"/home/me/shop.py\", line " #line ", in sell\n" \
	"    price = self.stock[item]\n            ~~~~~~~~~~^^^^^^\n"

/* A thread that ends by an exception is a failure, whatever the program then ends with. */
static void an_exception_in_a_thread_is_a_failure(void **state)
{
	struct verdict verdict = judge(VERDICT_EXIT, 0, IN_THREAD(1) SELLS(7) "KeyError: 'tea'\n");
	char words[96];

	(void)state;
	assert_int_equal(verdict.kind, FAILURE_EXCEPTION);
	assert_string_equal(verdict.message, "KeyError: 'tea'");
	assert_string_equal(verdict_word(verdict.kind), "exception");
	verdict_describe(&verdict, words, sizeof(words));
	assert_string_equal(words, "an uncaught exception in a thread");
	/* The thread, the value and what main makes of it do not matter; type and place do. */
	assert_int_equal(judge(VERDICT_EXIT, 1,
			       IN_THREAD(2) SELLS(7) "KeyError: 17\n"
						     "Traceback (most recent call last):\n"
						     "  File \"shop.py\", line 30, in main\n"
						     "AssertionError: nothing sold\n")
				 .fingerprint,
			 verdict.fingerprint);
	assert_differ(verdict, judge(VERDICT_EXIT, 0, IN_THREAD(1) SELLS(9) "KeyError: 'tea'\n"));
	assert_differ(verdict, judge(VERDICT_EXIT, 0, IN_THREAD(1) SELLS(7) "IndexError: 'tea'\n"));
	/* Only ignored, or only printed. */
	assert_int_equal(
		judge(VERDICT_EXIT, 0,
		      "Exception ignored in: <function D.__del__ at 0x7fdf>\n" FRAMES_IN_THREAD
			      SELLS(7) "KeyError: 'tea'\n")
			.kind,
		FAILURE_NONE);
	assert_int_equal(judge(VERDICT_EXIT, 0, FRAMES_IN_THREAD SELLS(7) "KeyError: 'tea'\n").kind,
			 FAILURE_NONE);
	/* Deadlocks and crashes say more. */
	assert_int_equal(judge(VERDICT_DEADLOCK, 0, IN_THREAD(1) SELLS(7) "KeyError: 1\n").kind,
			 FAILURE_DEADLOCK);
	assert_int_equal(judge(VERDICT_SIGNAL, 6, IN_THREAD(1) SELLS(7) "KeyError: 1\n").kind,
			 FAILURE_SIGNAL);
}

static void an_exception_ends_the_program(void **state)
{
	static const char lost[] = "Traceback (most recent call last):\n"
				   "  File \"/home/me/bank.py\", line 33, in <module>\n"
				   "    main()\n"
				   "  File \"/home/me/bank.py\", line 29, in main\n"
				   "    assert total == 30, f\"expected 30, got {total}\"\n"
				   "           ^^^^^^^^^^^\n"
				   "AssertionError: expected 30, got 10\nand more\n";
	struct verdict verdict = judge(VERDICT_EXIT, 1, lost);

	(void)state;
	assert_int_equal(verdict.kind, FAILURE_EXIT);
	assert_string_equal(verdict.message, "AssertionError: expected 30, got 10");
	verdict = judge(VERDICT_SIGNAL, 6,
			"Fatal Python error: _Py_CheckRecursiveCall: no stack\n"
			"Python runtime state: initialized\n\nCurrent thread 0x00007f (most recent "
			"call first):\n");
	assert_string_equal(verdict.message,
			    "Fatal Python error: _Py_CheckRecursiveCall: no stack");
}

static struct verdict deadlock(enum verdict_kind kind, uint32_t a, uint32_t b, uint32_t where)
{
	struct server_report report = { .verdict = kind };
	struct run_log *log = log_of_worker();
	struct verdict verdict;

	made_event(log, 2, 1, EVENT_MUTEX_LOCK, a, where);
	made_event(log, 3, 1, EVENT_MUTEX_LOCK, b, where + 1);
	report.failure.cycle_length = report.failure.edge_count = 2;
	report.failure.edges[0].lane = 2;
	report.failure.edges[0].kind = EVENT_MUTEX_LOCK;
	report.failure.edges[0].object = a;
	report.failure.edges[0].context = where;
	report.failure.edges[1].lane = 3;
	report.failure.edges[1].kind = EVENT_MUTEX_LOCK;
	report.failure.edges[1].object = b;
	report.failure.edges[1].context = where + 1;
	write_stream(STDERR_FILENO, "");
	verdict_judge(&rules, worker, &report, &verdict);
	return verdict;
}

/* A deadlock is its locks, in whichever order the threads came to them. */
static void deadlocks_are_told_by_their_locks(void **state)
{
	struct verdict one = deadlock(VERDICT_DEADLOCK, 1, 2, 1), stuck;

	(void)state;
	assert_int_equal(deadlock(VERDICT_DEADLOCK, 2, 1, 1).fingerprint, one.fingerprint);
	assert_int_equal(deadlock(VERDICT_DEADLOCK, 1, 2, 7).fingerprint, one.fingerprint);
	assert_differ(one, deadlock(VERDICT_DEADLOCK, 1, 3, 1));
	/* Who is merely stuck, by the places where they wait. */
	stuck = deadlock(VERDICT_STUCK, 1, 2, 1);
	assert_differ(one, stuck);
	assert_int_equal(deadlock(VERDICT_STUCK, 5, 6, 1).fingerprint, stuck.fingerprint);
	assert_differ(stuck, deadlock(VERDICT_STUCK, 1, 2, 7));
}

static struct verdict crash(uint64_t base, uint64_t first, uint64_t second)
{
	struct server_report report = { .verdict = VERDICT_SIGNAL, .status = 11 };
	struct run_log *log = log_of_worker();
	struct verdict verdict;

	log->modules = NULL;
	log->module_count = log->module_room = 0;
	log->modules = calloc(2, sizeof(*log->modules));
	log->module_count = log->module_room = 2;
	log->modules[1] = (struct run_module){
		.base = base, .start = base + 0x1000, .end = base + 0x9000, .name = 42
	};
	report.failure.frame_count = 2;
	report.failure.frames[0] = base + first;
	report.failure.frames[1] = base + second;
	write_stream(STDERR_FILENO, "");
	verdict_judge(&rules, worker, &report, &verdict);
	free(log->modules);
	log->modules = NULL;
	log->module_count = log->module_room = 0;
	return verdict;
}

/* A crash is told by its frames, wherever the program is loaded. */
static void crashes_are_told_by_their_frames(void **state)
{
	struct verdict one = crash(0x10000, 0x1100, 0x1200);

	(void)state;
	assert_int_equal(crash(0x70000, 0x1100, 0x1200).fingerprint, one.fingerprint);
	assert_differ(one, crash(0x10000, 0x1180, 0x1200));
	assert_differ(one, crash(0x10000, 0x1100, 0x1280));
	/* Frames in libc say nothing. */
	assert_int_equal(crash(0x10000, 0xf00000, 0x1100).fingerprint,
			 crash(0x10000, 0xf00010, 0x1100).fingerprint);
}

static void the_check_and_the_output(void **state)
{
	struct verdict verdict;

	(void)state;
	rules.check_status = 7;
	verdict = judge(VERDICT_EXIT, 0, "");
	assert_int_equal(verdict.kind, FAILURE_CHECK);
	assert_int_equal(verdict.status, 7);
	/* A crash says more than the check after it. */
	assert_int_equal(judge(VERDICT_SIGNAL, 11, "").kind, FAILURE_SIGNAL);
	rules.check_status = 0;
	write_stream(STDOUT_FILENO, "first\n");
	rules.same_output = true;
	rules.output = worker_output_hash(worker, STDOUT_FILENO);
	assert_int_equal(judge(VERDICT_EXIT, 0, "").kind, FAILURE_NONE);
	write_stream(STDOUT_FILENO, "second\n");
	assert_int_equal(judge(VERDICT_EXIT, 0, "").kind, FAILURE_OUTPUT);
	rules.same_output = false;
	assert_int_equal(judge(VERDICT_EXIT, 0, "").kind, FAILURE_NONE);
}

static void words_for_people(void **state)
{
	char text[96];

	(void)state;
	verdict_describe(&(struct verdict){ .kind = FAILURE_SIGNAL, .status = 11 }, text,
			 sizeof(text));
	assert_string_equal(text, "signal 11 (SIGSEGV)");
	verdict_describe(&(struct verdict){ .kind = FAILURE_EXIT, .status = 3 }, text,
			 sizeof(text));
	assert_string_equal(text, "exit status 3");
	assert_string_equal(verdict_word(FAILURE_LOST), "lost-thread");
	assert_string_equal(verdict_word(FAILURE_NONE), "none");
	assert_string_equal(verdict_word(99), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_passes_has_no_fingerprint, begin, end),
		cmocka_unit_test_setup_teardown(each_ending_has_its_kind, begin, end),
		cmocka_unit_test_setup_teardown(numbers_and_addresses_do_not_count, begin, end),
		cmocka_unit_test_setup_teardown(other_words_are_another_failure, begin, end),
		cmocka_unit_test_setup_teardown(the_line_that_says_most, begin, end),
		cmocka_unit_test_setup_teardown(much_output, begin, end),
		cmocka_unit_test_setup_teardown(a_sanitizer_report_is_a_failure, begin, end),
		cmocka_unit_test_setup_teardown(an_exception_in_a_thread_is_a_failure, begin, end),
		cmocka_unit_test_setup_teardown(an_exception_ends_the_program, begin, end),
		cmocka_unit_test_setup_teardown(deadlocks_are_told_by_their_locks, begin, end),
		cmocka_unit_test_setup_teardown(crashes_are_told_by_their_frames, begin, end),
		cmocka_unit_test_setup_teardown(the_check_and_the_output, begin, end),
		cmocka_unit_test(words_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
