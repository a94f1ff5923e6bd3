/*
 * Threads of Python programs that wait for ever, or ended by an exception: what the library's locks
 * are told as, and which thread it was. Each with a near miss.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/story.h"
#include "replayer/story_events.h"
#include "replayer/trace_file.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tale.h"

/* Contexts are numbered as they are named: main:50 is 1, main:51 is 2. */
#define BORN "python\n1 thread_create T2 @main:50\n1 thread_create T3 @main:51\n"
#define STUCK_2 "{\"edges\":[{\"lane\":2,\"kind\":\"mutex_lock\"}]}"

static void expect_after(const char *verdict, enum pattern_name name, const char *part,
			 const char *steps, const char *outcome)
{
	const char *path = scratch_path("waits.zst");
	struct pattern found;
	struct trace_file file;
	struct err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	tale_write(path, scratch_dir(), steps, verdict, outcome);
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	assert_true(story_events_tell(out, &file, 80, &found, &err) >= 0);
	trace_file_close(&file);
	fclose(out);
	if (found.name != name || !strstr(found.sentence, part))
		fail_msg("expected \"%s\" with \"%s\", got \"%s\": %s", pattern_word(name), part,
			 pattern_word(found.name), found.sentence);
	free(text);
}

static void expect(enum pattern_name name, const char *part, const char *steps)
{
	expect_after("stuck", name, part, steps, STUCK_2);
}

#define WAITS                                                          \
	"2 mutex_trylock Model.cond @Condition.__enter__<predict:22\n" \
	"2 call Model.changed =.wait() @predict:23\n"                  \
	"2 mutex_trylock 1.1/lock.1 @Condition.wait<predict:23\n"      \
	"2 mutex_unlock Model.cond @Condition.wait<predict:23\n"       \
	"2! mutex_lock 1.1/lock.1 @Condition.wait<predict:23\n"
#define NOTIFIES                                                                        \
	"3 mutex_trylock Model.cond @Condition.__enter__<load:16\n"                     \
	"3 store Model.weights =7 @load:17\n3 call Model.changed =.notify() @load:18\n" \
	"3 mutex_unlock Model.cond @Condition.__exit__<load:16\n3 thread_end T3\n"
#define LOOKS(value) "2 load Model.weights =" #value " @predict:21\n"

static void a_notify_that_nobody_hears(void **state)
{
	(void)state;
	expect(PATTERN_MISSED_SIGNAL,
	       "T3 \"bob\" notified Model.changed at load (bank.py:18) between the moment when T2 "
	       "\"alice\" looked at Model.weights at predict (bank.py:21) and the one when it began "
	       "to wait",
	       BORN LOOKS(None) NOTIFIES WAITS);
	expect(PATTERN_LOST_WAKEUP,
	       "T3 \"bob\" notified Model.changed at load (bank.py:18) before T2 \"alice\" came to "
	       "wait at predict (bank.py:23): nobody waited, and no other notify comes.",
	       BORN NOTIFIES WAITS);
	/* It has looked since, so it waits for something else. */
	expect(PATTERN_UNKNOWN, "Stuck: T2 \"alice\" waits on Model.changed",
	       BORN NOTIFIES LOOKS(7) WAITS);
	expect(PATTERN_UNKNOWN, "and nobody has ever notified it", BORN WAITS);
}

/* One has counted down, another has ended without. */
static void left_alone(void **state)
{
	(void)state;
	expect(PATTERN_LOST_THREAD,
	       "T4 ended without ever coming to Model.changed; T2 \"alice\", which waits on it",
	       BORN NOTIFIES "4 store Model.other =1 @skip:30\n4 thread_end T4\n" LOOKS(7) WAITS);
}

static void a_lock_that_it_has_itself(void **state)
{
	/* main:50, main:51, flush:20: 3, add:16: 4, Condition.wait<take:12: 5 */
	static const char steps[] = BORN
		"2 yield @flush:20\n2 mutex_trylock Buffer.lock @add:16\n"
		"2 yield @Condition.wait<take:12\n2! mutex_lock Buffer.lock @flush:20\n";

	(void)state;
	expect_after(
		"stuck", PATTERN_SELF_DEADLOCK,
		"T2 \"alice\" waits for Buffer.lock, which it has itself since add (bank.py:16).",
		steps,
		"{\"edges\":[{\"lane\":2,\"kind\":\"mutex_lock\",\"object\":3,\"context\":3,"
		"\"owner\":2,\"owner_context\":4,\"owner_k\":1}]}");
	/* The library's way to wait is to take a lock twice. */
	expect_after("stuck", PATTERN_NONE, "", steps,
		     "{\"edges\":[{\"lane\":2,\"kind\":\"mutex_lock\",\"object\":3,\"context\":5,"
		     "\"owner\":2,\"owner_context\":4,\"owner_k\":1}]}");
}

/* The line that was interrupted calls no handler. */
static void a_handler(void **state)
{
	/* main:50, main:51, append:11<write:17: 3, write:16: 4, ...<append:11<write:17: 5 */
	static const char source[] = "source 11 log.append(line)\nsource 21 write('reload')\n";
	static const char steps[] =
		"2 signal @append:11<write:17\n2 mutex_trylock log_lock @write:16\n"
		"2! mutex_lock log_lock @write:16<on_reload:21<append:11<write:17\n";
	static const char edges[] =
		"{\"edges\":[{\"lane\":2,\"kind\":\"mutex_lock\",\"object\":3,\"context\":5,"
		"\"owner\":2,\"owner_context\":4,\"owner_k\":1}]}";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), "%s%s%s", BORN, source, steps);
	expect_after("stuck", PATTERN_HANDLER,
		     "a signal came while T2 \"alice\" had log_lock since write (bank.py:16)", text,
		     edges);
	/* It does. */
	snprintf(text, sizeof(text), "%ssource 11 on_reload()\n%s", BORN, steps);
	expect_after("stuck", PATTERN_SELF_DEADLOCK, "which it has itself since write", text,
		     edges);
}

static void a_circle(void **state)
{
	(void)state;
	expect_after(
		"deadlock", PATTERN_DEADLOCK,
		"T2 \"alice\" and T3 \"bob\" wait for each other: T2 \"alice\" waits for A.lock#2 "
		"at move (bank.py:9), which T3 \"bob\" has since move (bank.py:8); T3 \"bob\" for "
		"A.lock at move (bank.py:9), which T2 \"alice\" has since move (bank.py:8).",
		BORN "2 mutex_trylock A.lock @move:8\n3 mutex_trylock A.lock#2 @move:8\n"
		     "2! mutex_lock A.lock#2 @move:9\n3! mutex_lock A.lock @move:9\n",
		"{\"cycle\":2,\"edges\":[{\"lane\":2,\"kind\":\"mutex_lock\",\"object\":4,"
		"\"context\":4,\"owner\":3,\"owner_context\":3,\"owner_k\":0},{\"lane\":3,"
		"\"kind\":\"mutex_lock\",\"object\":3,\"context\":4,\"owner\":2,"
		"\"owner_context\":3,\"owner_k\":0}]}");
}

/* A trace of a stranger: lanes without events, objects and contexts that are not there. */
static void what_is_not_there(void **state)
{
	(void)state;
	expect_after("deadlock", PATTERN_DEADLOCK,
		     "T9 waits for lock 1.8/lock.1 at an unknown place",
		     BORN "2 mutex_trylock 1.8/lock.1 @move:8\n3 mutex_trylock A.lock @move:8\n",
		     "{\"cycle\":2,\"edges\":[{\"lane\":9,\"kind\":\"mutex_lock\",\"object\":3,"
		     "\"context\":99,\"owner\":77,\"owner_context\":99,\"owner_k\":5},{\"lane\":77,"
		     "\"kind\":\"mutex_lock\",\"object\":9999,\"owner\":9}]}");
}

/* All that could run the task wait for it. */
static void an_executor(void **state)
{
#define RESULT "@Condition.wait<Future.result<ship:17<_WorkItem.run<_worker<Thread.run"
	static const char edges[] =
		"{\"edges\":[{\"lane\":2,\"kind\":\"mutex_lock\",\"context\":3},"
		"{\"lane\":3,\"kind\":\"mutex_lock\",\"context\":4}]}";

	(void)state;
	expect_after("stuck", PATTERN_POOL,
		     "T2 \"alice\" waits for the result of another task of its pool at ship "
		     "(bank.py:17), as does every thread of the pool (2)",
		     BORN "2! mutex_lock 1.1/lock.1 " RESULT "\n3! mutex_lock 1.2/lock.1 " RESULT
			  "<Thread._bootstrap\n",
		     edges);
	/* One of them is idle. */
	expect_after("stuck", PATTERN_NONE, "",
		     BORN "2! mutex_lock 1.1/lock.1 " RESULT
			  "\n3! mutex_lock 1.2/lock.1 @_worker<Thread.run\n",
		     edges);
}

#define RAISED                                                                                    \
	"{\"status\":0,\"stderr\":\"Exception in thread Thread-9:\\nTraceback (most recent call " \
	"last):\\n  File \\\"bank.py\\\", line 9, in take\\n    take()\\nIndexError: empty\\n\"," \
	"\"finding\":{\"judged\":\"IndexError: empty\"}}"

/* Two threads are at the place of the exception; one of them has printed it. */
static void who_has_raised_it(void **state)
{
	(void)state;
	expect_after("exit", PATTERN_CHECK_THEN_ACT,
		     "T2 \"alice\" looked at ITEMS at take (bank.py:8) and acted on it at take "
		     "(bank.py:9), but T3 \"bob\" had changed it in between",
		     BORN "source 8 if items:\n2 query ITEMS =~(a~list~of~1) @take:8\npick 2 3\n"
			  "3 call ITEMS =.pop() @take:9\n2 call ITEMS =.pop() @take:9\n"
			  "2 write /stderr @Thread._bootstrap_inner\n2 thread_end T2\n"
			  "3 store Model.last =1 @take:9\n3 thread_end T3\n1 exit\n",
		     RAISED);
}

/* What they looked at is not what they changed. */
static void both_have_looked(void **state)
{
#define LOOK(lane) #lane " load Logger.handlers =None @get:11\n"
#define ACT(lane) #lane " call ITEMS =.add(1) @get:12\n"
	static const char pair[] = "{\"status\":1,\"finding\":{\"pair\":{\"first\":{\"lane\":2,"
				   "\"k\":1},\"second\":{\"lane\":3,\"k\":1}}}}";

	(void)state;
	expect_after("exit", PATTERN_CHECK_THEN_ACT,
		     "threads T2 \"alice\" and T3 \"bob\" both looked at Logger.handlers at get "
		     "(bank.py:11) before either acted on it at get (bank.py:12).",
		     BORN "source 11 if not logger.handlers:\n" LOOK(2) LOOK(3) ACT(3)
			     ACT(2) "1 exit r1\n",
		     pair);
	/* The second one looked when the first had acted. */
	expect_after("exit", PATTERN_ORDER, "fails when T3 \"bob\" uses ITEMS at get (bank.py:12)",
		     BORN "source 11 if not logger.handlers:\n" LOOK(3) ACT(3) LOOK(2)
			     ACT(2) "1 exit r1\n",
		     pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notify_that_nobody_hears),
		cmocka_unit_test(left_alone),
		cmocka_unit_test(a_lock_that_it_has_itself),
		cmocka_unit_test(a_handler),
		cmocka_unit_test(a_circle),
		cmocka_unit_test(what_is_not_there),
		cmocka_unit_test(an_executor),
		cmocka_unit_test(who_has_raised_it),
		cmocka_unit_test(both_have_looked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
