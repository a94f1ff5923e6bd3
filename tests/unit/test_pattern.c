/*
 * Bug patterns in small traces: each with a near miss that must be called something else, so that
 * no name comes from a template. What is printed is compared with golden files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replayer/story_events.h"
#include "replayer/trace_file.h"
#include "tests/unit/golden.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tale.h"

#define BORN "1 thread_start\n1 thread_create T2 @main:50\n1 thread_create T3 @main:51\n"
#define JOINED                                                                                     \
	"2 thread_end T2\n3 thread_end T3\n1 thread_join T2 @main:52\n1 thread_join T3 @main:53\n" \
	"1 exit r1\n"
/* Critical sections of one line each. */
#define IN(lane, lock, place)                                                                 \
#lane " mutex_lock " #lock " @" place ":17\n" #lane " mutex_unlock " #lock " @" place \
	      ":19\n"
#define READ(lane) IN(lane, savings, "account_read")
#define WRITE(lane)                                           \
#lane " mutex_lock savings @account_write:25\n" #lane \
	      " mutex_unlock savings @account_write:27\n"
#define EXIT_1 "{\"status\":1,\"stderr\":\"bank: money lost\\n\"}"
#define ABORT_3 "{\"status\":6,\"lane\":3,\"stderr\":\"bank.c:21: Assertion `!closed' failed.\\n\"}"
#define STUCK_2 "{\"edges\":[{\"lane\":2,\"kind\":\"cond_woken\"}]}"
#define STUCK_23 \
	"{\"edges\":[{\"lane\":2,\"kind\":\"cond_woken\"},{\"lane\":3,\"kind\":\"cond_woken\"}]}"

/* The story of a tale as one string, to be freed; `found` may be NULL. */
static char *tell(const char *steps, const char *verdict, const char *outcome, unsigned columns,
		  struct pattern *found)
{
	const char *path = scratch_path("tale.zst");
	struct trace_file file;
	struct err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	tale_write(path, scratch_dir(), steps, verdict, outcome);
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	assert_true(story_events_tell(out, &file, columns, found, &err) >= 0);
	trace_file_close(&file);
	fclose(out);
	return text;
}

/* The name, and a part of the sentence. */
static void expect(enum pattern_name name, const char *part, const char *steps, const char *verdict,
		   const char *outcome)
{
	struct pattern found;
	char *text = tell(steps, verdict, outcome, 80, &found);

	if (found.name != name || !strstr(found.sentence, part))
		fail_msg("expected \"%s\" with \"%s\", got \"%s\": %s", pattern_word(name), part,
			 pattern_word(found.name), found.sentence);
	free(text);
}

#define NESTED                                                             \
	BORN READ(2) "2! mutex_lock savings @account_write:25\npick 2 3\n" \
		     "3 thread_start T3\n" READ(3) WRITE(3) WRITE(2) JOINED

static void lost_update(void **state)
{
	(void)state;
	expect(PATTERN_LOST_UPDATE,
	       "T2 \"alice\" and T3 (customer) both read under savings at account_read (bank.c:17) "
	       "before either wrote back at account_write (bank.c:25).",
	       NESTED, "exit", EXIT_1);
	/* One after the other: nothing is lost. */
	expect(PATTERN_NONE, "", BORN READ(2) WRITE(2) READ(3) WRITE(3) JOINED, "exit", EXIT_1);
	/* The other one only reads in between. */
	expect(PATTERN_NONE, "", BORN READ(2) READ(3) WRITE(2) WRITE(2) JOINED, "exit", EXIT_1);
	/* Another lock. */
	expect(PATTERN_NONE, "",
	       BORN READ(2) IN(3, checking, "account_read") IN(3, checking, "f") WRITE(2) JOINED,
	       "exit", EXIT_1);
	/* What comes between does something else: no write back of what was read. */
	expect(PATTERN_ATOMICITY, "T3 (customer) had savings at deposit (bank.c:17) between",
	       BORN READ(2) "pick 2 3\n2! mutex_lock savings @account_write:25\n" IN(
		       3, savings, "deposit") WRITE(2) JOINED,
	       "exit", EXIT_1);
	/* main before and after all others is no race. */
	expect(PATTERN_NONE, "",
	       "1 thread_start\n" READ(1) "1 thread_create T2 @main:50\n" READ(2) WRITE(
		       2) "2 thread_end T2\n1 thread_join T2 @main:52\n" WRITE(1) "1 exit r1\n",
	       "exit", EXIT_1);
}

static void io_race(void **state)
{
	(void)state;
	expect(PATTERN_IO_RACE,
	       "both read file:/tmp/count at load (bank.c:9) before either wrote it",
	       BORN "2 read file:/tmp/count @load:9\n3 read file:/tmp/count @load:9\n"
		    "3 write file:/tmp/count @save:12\n2 write file:/tmp/count @save:12\n" JOINED,
	       "exit", EXIT_1);
	expect(PATTERN_NONE, "",
	       BORN "2 read file:/tmp/count @load:9\n2 write file:/tmp/count @save:12\n"
		    "3 read file:/tmp/count @load:9\n3 write file:/tmp/count @save:12\n" JOINED,
	       "exit", EXIT_1);
}

#define LOOKS "3 mutex_lock queue @customer:15\n3 mutex_unlock queue @customer:17\n"
#define CLOSES "2 mutex_lock queue @manager:33\n2 mutex_unlock queue @manager:36\n"
#define ACTS "3 mutex_lock queue @customer:20\n"

static void created_twice(void **state)
{
	(void)state;
	expect(PATTERN_IO_RACE,
	       "both looked for file:$TMPDIR/ledger at open_it (bank.c:9) before either",
	       BORN
	       "2 file_stat file:$TMPDIR/ledger r-2 @open_it:9\n3 file_stat file:$TMPDIR/ledger r-2 "
	       "@open_it:9\n2 file_create file:$TMPDIR/ledger @open_it:11\n"
	       "3 file_create file:$TMPDIR/ledger @open_it:11\n" JOINED,
	       "exit", EXIT_1);
	/* The second one is told that it is there. */
	expect(PATTERN_IO_RACE, "both looked for file:$TMPDIR/ledger at open_it (bank.c:9)",
	       BORN
	       "2 file_stat file:$TMPDIR/ledger r-2 @open_it:9\n3 file_stat file:$TMPDIR/ledger r-2 "
	       "@open_it:9\n2 file_create file:$TMPDIR/ledger @open_it:11\n"
	       "3 file_create file:$TMPDIR/ledger r-17 @open_it:11\n" JOINED,
	       "exit", EXIT_1);
	/* No file at all: what both write to is a pipe. */
	expect(PATTERN_NONE, "",
	       BORN "2 read pipe @load:9\n3 read pipe @load:9\n3 write pipe @save:12\n"
		    "2 write pipe @save:12\n" JOINED,
	       "exit", EXIT_1);
}

static void check_then_act(void **state)
{
	(void)state;
	expect(PATTERN_CHECK_THEN_ACT,
	       "T3 (customer) looked under queue at customer (bank.c:15) and acted on it at "
	       "customer (bank.c:20), but T2 \"alice\" had come between, at manager (bank.c:33).",
	       BORN LOOKS CLOSES ACTS, "signal", ABORT_3);
	/* Before both: it is not what came between. */
	expect(PATTERN_UNKNOWN, "after T2 \"alice\" had had it", BORN CLOSES LOOKS ACTS, "signal",
	       ABORT_3);
	/* Nobody was there before. */
	expect(PATTERN_ORDER,
	       "T3 (customer) came to queue at customer (bank.c:20) before any other",
	       BORN ACTS "2! mutex_lock queue @manager:33\n", "signal", ABORT_3);
}

/* Two looks that belong together, compared afterwards. */
static void torn_read(void **state)
{
	(void)state;
	expect(PATTERN_ATOMICITY,
	       "had queue at customer (bank.c:15) and again at customer (bank.c:20)",
	       BORN LOOKS CLOSES ACTS "3 mutex_unlock queue @customer:22\n", "signal", ABORT_3);
	/* Each of the two does what the other does. */
	expect(PATTERN_CHECK_THEN_ACT, "T2 \"alice\" had come between, at customer (bank.c:20)",
	       BORN LOOKS
	       "2 mutex_lock queue @customer:20\n2 mutex_unlock queue @customer:22\n" ACTS
	       "3 mutex_unlock queue @customer:22\n",
	       "signal", ABORT_3);
	/* The other one stands between its two. */
	expect(PATTERN_ATOMICITY, "when T2 \"alice\" stood between two critical sections",
	       BORN CLOSES "pick 2 3\n2! mutex_lock queue @manager:38\n" ACTS, "signal", ABORT_3);
	/* It is the same code, and the lane at fault leaves out the second. */
	expect(PATTERN_ORDER,
	       "had come to manager (bank.c:38), which T3 (customer) itself leaves out",
	       BORN CLOSES
	       "pick 2 3\n2! mutex_lock queue @manager:38\n"
	       "3 mutex_lock queue @manager:33\n3 mutex_unlock queue @manager:36\n" ACTS,
	       "signal", ABORT_3);
	/* Its own signal has let the other one go on. */
	expect(PATTERN_ORDER, "T3 (customer) let T2 \"alice\" go on by its signal on served",
	       BORN "2 mutex_lock queue @main:10\n2 cond_wait served queue @main:12\n"
		    "2! cond_woken served queue @main:12\n"
		    "3 mutex_lock queue @customer:15\n3 cond_signal served v1 @customer:16\n"
		    "3 mutex_unlock queue @customer:17\n2 cond_woken served queue @main:12\n"
		    "2 mutex_unlock queue @main:14\n" ACTS,
	       "signal", ABORT_3);
}

#define HALF "2 mutex_lock balance @teller:16\n2 mutex_unlock balance @teller:18\n"
#define REST "2 mutex_lock paper @teller:19\n2 mutex_unlock paper @teller:21\n"
#define SEES "3 mutex_lock balance @auditor:28\n3 mutex_unlock balance @auditor:30\n"

static void stale_read(void **state)
{
	(void)state;
	expect(PATTERN_STALE_READ,
	       "saw under balance at auditor (bank.c:28) what T2 \"alice\" had "
	       "changed at teller (bank.c:16)",
	       BORN HALF "2! mutex_lock paper @teller:19\npick 2 3\n" SEES
			 "3 mutex_lock paper @auditor:31\n",
	       "signal", ABORT_3);
	expect(PATTERN_STALE_READ, "in between T2 \"alice\" had changed both",
	       BORN SEES HALF REST "3 mutex_lock paper @auditor:31\n", "signal", ABORT_3);
	/* All was done before. */
	expect(PATTERN_UNKNOWN, "", BORN HALF REST SEES "3 mutex_lock paper @auditor:31\n",
	       "signal", ABORT_3);
}

#define WAITS(lane, line)                                                             \
#lane " mutex_lock lock @" line ":10\n" #lane " cond_wait served lock @" line \
	      ":12\n" #lane "! cond_woken served lock @" line ":12\n"
#define TESTS "2 mutex_lock lock @test:5\n2 mutex_unlock lock @test:7\n"
#define SENDS(count)                                                                             \
	"3 mutex_lock lock @send:30\n3 cond_signal served v" #count " @send:31\n3 mutex_unlock " \
	"lock @send:32\n"

static void signals_that_are_lost(void **state)
{
	(void)state;
	expect(PATTERN_LOST_WAKEUP, "T3 (customer) signalled served at send (bank.c:31) before",
	       BORN SENDS(0) WAITS(2, "get"), "stuck", STUCK_2);
	expect(PATTERN_MISSED_SIGNAL, "between the moment when T2 \"alice\" had the lock at test",
	       BORN TESTS SENDS(0) WAITS(2, "get"), "stuck", STUCK_2);
	/* Without the lock, in the section in which the wait begins. */
	expect(PATTERN_MISSED_SIGNAL, "without the lock",
	       BORN "2 mutex_lock lock @get:10\n3 cond_signal served v0 @send:31\n"
		    "2 cond_wait served lock @get:12\n2! cond_woken served lock @get:12\n",
	       "stuck", STUCK_2);
	/* Somebody else changed something afterwards: not to be blamed on the signal alone. */
	expect(PATTERN_UNKNOWN, "Stuck: T2 \"alice\" waits on served",
	       BORN SENDS(0) IN(4, lock, "other") WAITS(2, "get"), "stuck", STUCK_2);
	/* Nobody ever signalled. */
	expect(PATTERN_UNKNOWN, "nobody has ever signalled it", BORN WAITS(2, "get"), "stuck",
	       STUCK_2);
	expect(PATTERN_MUTUAL_WAIT, "T2 \"alice\" and T3 (customer) wait on served",
	       BORN WAITS(2, "get") WAITS(3, "get"), "stuck", STUCK_23);
}

#define BACK(lane, place) #lane " cond_woken served lock @" place ":12\n"

static void signals_to_another(void **state)
{
	static const char edges[] = "{\"edges\":[{\"lane\":2,\"kind\":\"cond_woken\"},"
				    "{\"lane\":4,\"kind\":\"cond_woken\"}]}";

	(void)state;
	/* The woken one goes on, the other one waits at the same place. */
	expect(PATTERN_NOT_BROADCAST,
	       "that woke T4 (customer); T2 \"alice\", which waits at the same",
	       BORN WAITS(4, "get") WAITS(2, "get") SENDS(1)
		       BACK(4, "get") "4 mutex_unlock lock @get:14\n4 thread_end T4\n",
	       "stuck", STUCK_2);
	/* The woken one waits again, the other one waits for something else. */
	expect(PATTERN_WRONG_WAITER, "that woke T4 (customer), which went back to wait",
	       BORN WAITS(4, "get") WAITS(2, "put") SENDS(1) BACK(
		       4,
		       "get") "4 cond_wait served lock @get:12\n4! cond_woken served lock @get:12\n",
	       "stuck", edges);
	/* The choice of the run counts, not the order. */
	expect(PATTERN_NOT_BROADCAST, "that woke T4 (customer); T2 \"alice\"",
	       BORN WAITS(2, "get") WAITS(
		       4, "get") "3 mutex_lock lock @send:30\nsignal 3 4\n"
				 "3 cond_signal served v1 @send:31\n" BACK(
					 4, "get") "4 mutex_unlock lock @get:14\n4 thread_end T4\n",
	       "stuck", STUCK_2);
}

static void pool(void **state)
{
	static const char edges[] = "{\"edges\":[{\"lane\":2,\"kind\":\"cond_woken\"},"
				    "{\"lane\":3,\"kind\":\"cond_woken\"}]}";
	static const char asks[] =
		"3 mutex_lock lock @ask:20\n3 cond_signal work v0 @ask:21\n"
		"3 cond_wait done lock @ask:22\n3! cond_woken done lock @ask:22\n";
	char steps[2048];

	(void)state;
	snprintf(steps, sizeof(steps), "%s%s%s", BORN,
		 "2 mutex_lock lock @ask:20\n2 cond_wait done lock @ask:22\n"
		 "2! cond_woken done lock @ask:22\n",
		 asks);
	expect(PATTERN_POOL, "T3 (customer) signalled work at ask (bank.c:21) and waits at ask",
	       steps, "stuck", edges);
	/* One of them is idle, so it could have taken the work up. */
	snprintf(steps, sizeof(steps), "%s%s%s", BORN,
		 "2 mutex_lock lock @idle:10\n2 cond_wait done lock @idle:12\n"
		 "2! cond_woken done lock @idle:12\n",
		 asks);
	expect(PATTERN_MUTUAL_WAIT, "", steps, "stuck", edges);
}

static void endless(void **state)
{
	static char passing[60000], trying[60000], working[60000];
	unsigned i;

	(void)state;
	strcpy(passing, BORN);
	strcpy(trying, BORN "2 mutex_lock a @left:5\n3 mutex_lock b @right:5\n");
	strcpy(working, BORN);
	for (i = 0; i < 50; i++) {
		strcat(passing,
		       "2 cond_wait served lock @pass:12\n"
		       "3 cond_woken served lock @pass:12\n3 cond_signal served v1 @pass:14\n"
		       "3 cond_wait served lock @pass:12\n"
		       "2 cond_woken served lock @pass:12\n2 cond_signal served v1 @pass:14\n");
		strcat(trying, "2 mutex_trylock b r16 @left:6\n3 mutex_trylock a r16 @right:6\n");
		strcat(working, WRITE(2) WRITE(3));
	}
	expect(PATTERN_LIVELOCK, "came back from its wait on served at pass", passing,
	       "step budget", "{}");
	expect(PATTERN_LIVELOCK, "failed to get b at left (bank.c:6) 50 times", trying,
	       "step budget", "{}");
	/* Much work is none. */
	expect(PATTERN_NONE, "", working, "step budget", "{}");
}

static void wake_ups_taken_for_granted(void **state)
{
	static const char wait[] = BORN WAITS(3, "get");
	char steps[2048];

	(void)state;
	snprintf(steps, sizeof(steps), "%s%s%s%s", wait,
		 "4 mutex_lock lock @send:30\n4 cond_signal served v1 @send:31\n"
		 "4 mutex_unlock lock @send:32\n",
		 IN(2, lock, "take"), BACK(3, "get"));
	expect(PATTERN_STOLEN_WAKEUP, "but T2 \"alice\" had lock first, at take (bank.c:17)", steps,
	       "signal", ABORT_3);
	/* Nobody took it. */
	snprintf(steps, sizeof(steps), "%s%s%s", wait,
		 "4 mutex_lock lock @send:30\n4 cond_signal served v1 @send:31\n"
		 "4 mutex_unlock lock @send:32\n",
		 BACK(3, "get"));
	expect(PATTERN_UNKNOWN, "", steps, "signal", ABORT_3);
	snprintf(steps, sizeof(steps), "%sspurious 3\n%s", wait, BACK(3, "get"));
	expect(PATTERN_SPURIOUS, "without any signal", steps, "signal", ABORT_3);
	snprintf(steps, sizeof(steps), "%s3 cond_woken served lock r110 @get:12\n", wait);
	expect(PATTERN_TIMEOUT, "the wait of T3 (customer) on served at get (bank.c:12) timed out",
	       steps, "signal", ABORT_3);
}

/* The GIL's mutex is around all that a Python program does. */
static void locks_of_an_interpreter(void **state)
{
	(void)state;
	expect(PATTERN_UNKNOWN, "No known pattern",
	       BORN IN(2, _PyRuntime,
		       "take_gil") "2! mutex_lock _PyRuntime @drop_gil:25\n"
				   "pick 2 3\n3 thread_start T3\n" IN(3, _PyRuntime, "take_gil")
					   IN(3, _PyRuntime, "drop_gil")
						   IN(2, _PyRuntime, "drop_gil") JOINED,
	       "exit", EXIT_1);
}

static void tries(void **state)
{
	(void)state;
	expect(PATTERN_TRYLOCK, "T3 (customer) only tried for savings at add (bank.c:14), which T2",
	       BORN "2 mutex_trylock savings @add:14\n3 mutex_trylock savings r16 @add:14\n"
		    "2 mutex_unlock savings @add:16\n" JOINED,
	       "exit", EXIT_1);
	/* It got it at the second attempt. */
	expect(PATTERN_NONE, "",
	       BORN "2 mutex_trylock savings @add:14\n3 mutex_trylock savings r16 @add:14\n"
		    "2 mutex_unlock savings @add:16\n3 mutex_trylock savings @add:14\n"
		    "3 mutex_unlock savings @add:16\n" JOINED,
	       "exit", EXIT_1);
	/* It asked whether the lock is taken, and had it itself. */
	expect(PATTERN_NONE, "",
	       BORN "2 mutex_lock savings @add:14\n2 mutex_trylock savings r16 @is_owned:20\n"
		    "2 mutex_unlock savings @add:16\n" JOINED,
	       "exit", EXIT_1);
}

/* The pair of a finding chooses between two that fit. */
static void pair_of_a_finding(void **state)
{
	static const char twice[] = NESTED;
	struct pattern found;
	char *text;

	(void)state;
	text = tell(twice, "exit",
		    "{\"status\":1,\"stderr\":\"bank: money lost\\n\",\"finding\":{\"schedule\":3,"
		    "\"of\":10000,\"seconds\":0.4,\"confirmed\":10,\"runs\":10,\"preemptions\":1,"
		    "\"decisions\":2,\"decisions_before\":212,\"pair\":{\"first\":{\"lane\":2,"
		    "\"k\":2},\"second\":{\"lane\":3,\"k\":3}}}}",
		    80, &found);
	assert_int_equal(found.name, PATTERN_LOST_UPDATE);
	golden_check("pattern-finding.txt", text);
	free(text);
	/* An order that a search has proven, where no section says more. */
	text = tell(BORN "3 yield @use:9\n2 yield @set:4\n" JOINED, "exit",
		    "{\"status\":1,\"finding\":{\"pair\":{\"first\":{\"lane\":2,\"k\":0},"
		    "\"second\":{\"lane\":3,\"k\":0}}}}",
		    80, &found);
	assert_int_equal(found.name, PATTERN_ORDER);
	assert_non_null(strstr(found.sentence, "fails when T3 (customer) at use (bank.c:9) comes "
					       "before T2 \"alice\" at set (bank.c:4)"));
	free(text);
}

static void layouts(void **state)
{
	char *text, source[64 * 32] = "";
	unsigned i;

	(void)state;
	text = tell(NESTED, "exit", EXIT_1, 80, NULL);
	golden_check("pattern-columns.txt", text);
	free(text);
	text = tell(NESTED, "exit", EXIT_1, 50, NULL);
	golden_check("pattern-prefixes.txt", text);
	free(text);
	for (i = 1; i <= 60; i++)
		snprintf(source + strlen(source), sizeof(source) - strlen(source),
			 i == 18   ? "\tint balance = account->balance;\n"
			 : i == 26 ? "\taccount->balance = balance;\n"
				   : "line_%u();\n",
			 i);
	scratch_text("bank.c", source);
	text = tell(NESTED, "exit", EXIT_1, 100, NULL);
	golden_check("pattern-source.txt", text);
	free(text);
	/* The source says that the second section does not write back what the first one read. */
	memcpy(strstr(source, "account->balance = balance;"), "account->balance -= amount;",
	       strlen("account->balance -= amount;"));
	scratch_text("bank.c", source);
	expect(PATTERN_CHECK_THEN_ACT, "both looked under savings", NESTED, "exit", EXIT_1);
	scratch_run("rm bank.c");
}

/* Operations on a lock that nobody else has are counted, not shown. */
static void padding(void **state)
{
	static char steps[40000];
	char *text;
	unsigned i;

	(void)state;
	strcpy(steps, BORN READ(2));
	for (i = 0; i < 300; i++)
		strcat(steps, "2 mutex_lock own @pad:3\n2 mutex_unlock own @pad:4\n");
	strcat(steps, "2! mutex_lock savings @account_write:25\npick 2 3\n" READ(3) WRITE(3)
			      WRITE(2) JOINED);
	text = tell(steps, "exit", EXIT_1, 80, NULL);
	assert_non_null(strstr(text, "... 600 operations on own locks\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_update),
		cmocka_unit_test(io_race),
		cmocka_unit_test(created_twice),
		cmocka_unit_test(check_then_act),
		cmocka_unit_test(torn_read),
		cmocka_unit_test(stale_read),
		cmocka_unit_test(signals_that_are_lost),
		cmocka_unit_test(signals_to_another),
		cmocka_unit_test(pool),
		cmocka_unit_test(endless),
		cmocka_unit_test(wake_ups_taken_for_granted),
		cmocka_unit_test(locks_of_an_interpreter),
		cmocka_unit_test(tries),
		cmocka_unit_test(pair_of_a_finding),
		cmocka_unit_test(layouts),
		cmocka_unit_test(padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
