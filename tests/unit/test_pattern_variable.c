/*
 * Bug patterns in runs of Python programs, each with a near miss that must be called something
 * else. What is printed is compared with golden files.
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

#define BORN "python\n1 thread_start\n1 thread_create T2 @main:50\n1 thread_create T3 @main:51\n"
#define JOINED                                                                                     \
	"2 thread_end T2\n3 thread_end T3\n1 thread_join T2 @main:52\n1 thread_join T3 @main:53\n" \
	"1 load AccountBalance._balance =10 @main:54\n1 exit r1\n"
#define LOST                                                                                       \
	"{\"status\":1,\"stderr\":\"Traceback (most recent call last):\\n  File \\\"bank.py\\\", " \
	"line 54, in main\\n    assert total == 30\\nAssertionError: expected 30, got 10\\n\"}"
/* The function `in` of thread `lane` has raised `what` in a line. */
#define RAISED(name, line, in, what)                                                         \
	"{\"status\":0,\"stderr\":\"Exception in thread Thread-1 (" name ")"                 \
	":\\nTraceback "                                                                     \
	"(most recent call last):\\n  File \\\"/home/me/bank.py\\\", line " #line ", in " in \
	"\\n    do()\\n" what "\\n\",\"finding\":{\"kind\":\"exception\",\"judged\":\"" what \
	"\"}}"

/* The story of a tale as one string, to be freed; `found` may be NULL. */
static char *tell(const char *steps, const char *outcome, unsigned columns, struct pattern *found)
{
	const char *path = scratch_path("tale.zst");
	struct trace_file file;
	struct err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	tale_write(path, scratch_dir(), steps, "exit", outcome);
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	assert_true(story_events_tell(out, &file, columns, found, &err) >= 0);
	trace_file_close(&file);
	fclose(out);
	return text;
}

/* The name, and a part of the sentence. */
static void expect(enum pattern_name name, const char *part, const char *steps, const char *outcome)
{
	struct pattern found;
	char *text = tell(steps, outcome, 80, &found);

	if (found.name != name || !strstr(found.sentence, part))
		fail_msg("expected \"%s\" with \"%s\", got \"%s\": %s", pattern_word(name), part,
			 pattern_word(found.name), found.sentence);
	free(text);
}

#define SOURCE                                           \
	"source 4 return self._balance\n"                \
	"source 6 self._balance = balance\n"             \
	"source 9 current = self.get_balance()\n"        \
	"source 10 self.set_balance(current + amount)\n" \
	"source 15 if self.get_balance() >= amount:\n"   \
	"source 16 self.set_balance(self.get_balance() - amount)\n"
#define READ(lane, value)                              \
#lane " load AccountBalance._balance =" #value \
	      " @AccountBalance.get_balance:4<AccountBalance.deposit:9<pay:30\n"
#define WRITE(lane, value)                              \
#lane " store AccountBalance._balance =" #value \
	      " @AccountBalance.set_balance:6<AccountBalance.deposit:10<pay:30\n"
#define SWITCH(from, to) "pick " #from " " #to "\n"
#define NESTED                                                                              \
	BORN SOURCE READ(2, 0) SWITCH(2, 3) "2! store AccountBalance._balance "             \
					    "@AccountBalance.set_balance:6<"                \
					    "AccountBalance.deposit:10<pay:30\n" READ(3, 0) \
						    WRITE(3, 20) WRITE(2, 10) JOINED

static void lost_update(void **state)
{
	char *text;

	(void)state;
	expect(PATTERN_LOST_UPDATE,
	       "threads T2 \"alice\" and T3 \"bob\" both read AccountBalance._balance before "
	       "either wrote it back.",
	       NESTED, LOST);
	text = tell(NESTED, LOST, 80, NULL);
	golden_check("variable-lost-update.txt", text);
	free(text);
	/* One after the other. */
	expect(PATTERN_NONE, "",
	       BORN SOURCE READ(2, 0) WRITE(2, 10) READ(3, 10) WRITE(3, 30) JOINED, LOST);
	/* Of another object. */
	expect(PATTERN_UNKNOWN, "",
	       BORN SOURCE READ(2, 0) SWITCH(
		       2, 3) "3 load AccountBalance._balance#2 =0 @deposit:9\n"
			     "3 store AccountBalance._balance#2 =20 @deposit:10\n" WRITE(2, 10)
				     JOINED,
	       LOST);
	/* Written blindly in between. */
	expect(PATTERN_LOST_UPDATE,
	       "what T3 \"bob\" had written in between, at reset (bank.py:20), is lost",
	       BORN SOURCE READ(2, 5)
		       SWITCH(2, 3) "3 store AccountBalance._balance =0 @reset:20\n" WRITE(2, 15)
			       JOINED,
	       LOST);
	/* In rounds of a loop nothing is lost. */
	expect(PATTERN_UNKNOWN, "",
	       BORN SOURCE READ(2, 0) WRITE(2, 10) SWITCH(2, 3) READ(3, 10) WRITE(3, 30) READ(2, 30)
		       WRITE(2, 40) JOINED,
	       LOST);
}

/* The source says that what was read is a condition. */
static void check_then_act(void **state)
{
	(void)state;
	expect(PATTERN_CHECK_THEN_ACT, "both looked at AccountBalance._balance at withdraw",
	       BORN SOURCE
	       "2 load AccountBalance._balance =20 @get_balance:4<withdraw:15<pay:30\n"
	       "3 load AccountBalance._balance =20 @get_balance:4<withdraw:15<pay:30\n"
	       "3 store AccountBalance._balance =0 @set_balance:6<withdraw:16<pay:30\n"
	       "2 store AccountBalance._balance =0 @set_balance:6<withdraw:16<pay:30\n" JOINED,
	       LOST);
	/* A lazy initialisation: nothing was there, and the condition is in the next line. */
	expect(PATTERN_CHECK_THEN_ACT, "both looked at Registry.instance at get (bank.py:20)",
	       BORN "source 20 instance = Registry.instance\nsource 21 if instance is None:\n"
		    "source 22 Registry.instance = Registry()\n2 yield @get:21\n"
		    "2 load Registry.instance =None @get:20\n3 load Registry.instance =None "
		    "@get:20\n3 store Registry.instance =<Registry> @get:22\n"
		    "2 store Registry.instance =<Registry> @get:22\n" JOINED,
	       LOST);
	/* The same, of a number: the condition is about something else. */
	expect(PATTERN_LOST_UPDATE, "",
	       BORN "source 20 position = tasks.position\nsource 21 if position == count:\n"
		    "source 22 tasks.position = position + 1\n2 yield @get:21\n"
		    "2 load Tasks.position =0 @get:20\n3 load Tasks.position =0 @get:20\n"
		    "3 store Tasks.position =1 @get:22\n2 store Tasks.position =1 @get:22\n" JOINED,
	       LOST);
	/* It was there when it was looked for. */
	expect(PATTERN_CHECK_THEN_ACT,
	       "T2 \"alice\" looked at Session.peer at send (bank.py:19) and acted on it at send "
	       "(bank.py:20), but T3 \"bob\" had changed it in between, at close (bank.py:26).",
	       BORN "source 19 if self.peer is not None:\nsource 20 self.peer.send(text)\n"
		    "2 load Session.peer =<Peer> @send:19\n" SWITCH(
			    2, 3) "3 store Session.peer =None @close:26\n"
				  "2 load Session.peer =None @send:20\n" JOINED,
	       RAISED("alice", 20, "send", "AttributeError: no send"));
}

/* Items of a container are things of their own. */
static void items(void **state)
{
	(void)state;
	expect(PATTERN_LOST_UPDATE, "both read ITEMS['tea'] before either wrote it back",
	       BORN
	       "2 load ITEMS =['tea']~=~0 @sell:9\n3 load ITEMS =['tea']~=~0 @sell:9\n"
	       "3 store ITEMS =['tea']~=~1 @sell:10\n2 store ITEMS =['tea']~=~1 @sell:10\n" JOINED,
	       LOST);
	expect(PATTERN_NONE, "",
	       BORN
	       "2 load ITEMS =['tea']~=~0 @sell:9\n3 load ITEMS =['milk']~=~0 @sell:9\n"
	       "3 store ITEMS =['milk']~=~1 @sell:10\n2 store ITEMS =['tea']~=~1 @sell:10\n" JOINED,
	       LOST);
	/* All of it. */
	expect(PATTERN_CHECK_THEN_ACT, "looked at ITEMS['tea'] at drop (bank.py:9)",
	       BORN "source 9 if item in items:\nsource 10 del items[item]\n"
		    "2 query ITEMS =['tea'] @drop:9\n" SWITCH(
			    2, 3) "3 call ITEMS =.clear() @clear:20\n"
				  "2 delete ITEMS =['tea'] @drop:10\n" JOINED,
	       RAISED("alice", 10, "drop", "KeyError: 'tea'"));
}

static void during_iteration(void **state)
{
	char *text;

	(void)state;
#define ITERATES                                                                        \
	BORN "source 9 for name in ITEMS:\nsource 20 ITEMS[name] = 1\n"                 \
	     "2 iterate ITEMS =0 @total:9\n" SWITCH(2, 3) "3 store ITEMS =['tea']~=~1 " \
							  "@add:20\n2 iterate ITEMS =1 @total:9\n"
	expect(PATTERN_MUTATION,
	       "T2 \"alice\" went through ITEMS at total (bank.py:9) when T3 \"bob\" changed it, at "
	       "add (bank.py:20).",
	       ITERATES JOINED,
	       RAISED("alice", 9, "total",
		      "RuntimeError: dictionary changed size during iteration"));
	text = tell(ITERATES JOINED,
		    RAISED("alice", 9, "total",
			   "RuntimeError: dictionary changed size during iteration"),
		    80, NULL);
	golden_check("variable-iteration.txt", text);
	free(text);
	expect(PATTERN_MUTATION, "was at work on ITEMS at order (bank.py:9)",
	       BORN "2 call ITEMS =.sort() @order:9\n3 call ITEMS =.append(1) @add:20\n" JOINED,
	       RAISED("alice", 9, "order", "ValueError: list modified during sort"));
	expect(PATTERN_ATOMICITY, "generator already executing: T2 \"alice\" had entered ITEMS",
	       BORN "2 iterate ITEMS @next:9\n3 iterate ITEMS @next:9\n" JOINED,
	       RAISED("bob", 9, "next", "ValueError: generator already executing"));
}

static void several_variables(void **state)
{
	(void)state;
	/* One half of a transfer. */
	expect(PATTERN_TORN_READ,
	       "T2 \"alice\" changed two variables one after the other, Account.balance at move "
	       "(bank.py:9) and Account.balance#2 at move (bank.py:10); T3 \"bob\" read both",
	       BORN
	       "2 load Account.balance =5 @add:3<move:9\n"
	       "2 store Account.balance =4 @add:3<move:9\n" SWITCH(
		       2,
		       3) "3 load Account.balance =4 @sum:20\n3 load Account.balance#2 =5 @sum:20\n"
			  "2 load Account.balance#2 =5 @add:3<move:10\n"
			  "2 store Account.balance#2 =6 @add:4<move:10\n" JOINED,
	       RAISED("bob", 20, "sum", "AssertionError"));
	/* All of it. */
	expect(PATTERN_UNKNOWN, "",
	       BORN "2 store Account.balance =4 @add:3<move:9\n"
		    "2 store Account.balance#2 =6 @add:3<move:10\n" SWITCH(
			    2, 3) "3 load Account.balance =4 @sum:20\n"
				  "3 load Account.balance#2 =6 @sum:20\n" JOINED,
	       RAISED("bob", 20, "sum", "AssertionError"));
	expect(PATTERN_TORN_READ, "T2 \"alice\" read two variables one after the other",
	       BORN "2 load Quote.bid =1 @trade:9\n" SWITCH(
		       2, 3) "3 store Quote.bid =2 @move:20\n3 store Quote.ask =3 @move:21\n"
			     "2 load Quote.ask =3 @trade:10\n" JOINED,
	       RAISED("alice", 10, "trade", "AssertionError"));
	expect(PATTERN_STALE_READ, "T3 \"bob\" saw Book.pages at read (bank.py:20) as T2",
	       BORN "2 store Book.pages =7 @load:9\n" SWITCH(
		       2, 3) "3 load Book.pages =7 @read:20\n3 load Book.index =None @read:21\n"
			     "2 store Book.index =7 @load:10\n" JOINED,
	       RAISED("bob", 21, "read", "AssertionError"));
	/* Known before it is set up. */
	expect(PATTERN_ORDER,
	       "publication before initialisation: T2 \"alice\" made Settings.instance known at "
	       "get (bank.py:9) before it set Settings.values at get (bank.py:10); T3 \"bob\" "
	       "found it and used it, at port (bank.py:21).",
	       BORN "2 store Settings.instance =<Settings> @get:9\n" SWITCH(
		       2,
		       3) "3 load Settings.instance =<Settings> @get:7\n"
			  "3 load Settings.values @port:21\n2 store Settings.values =7 @load:3<get:10\n" JOINED,
	       RAISED("bob", 21, "port", "AttributeError: no values"));
	/* Looked at one, and changed the other. */
	expect(PATTERN_CHECK_THEN_ACT, "T2 \"alice\" looked at Jobs.open at submit (bank.py:9)",
	       BORN "source 9 if self.open:\n2 load Jobs.open =True @submit:9\n" SWITCH(
		       2,
		       3) "3 store Jobs.open =False @close:20\n3 call ITEMS =.clear() @close:21\n"
			  "2 call ITEMS =.append(1) @submit:10\n" JOINED,
	       LOST);
}

/* Each access is under the lock, and both together are not. */
static void under_locks(void **state)
{
#define UNDER(lane, step)                                                   \
#lane " mutex_trylock AccountBalance._lock @deposit:8\n" step #lane \
	      " mutex_unlock AccountBalance._lock @deposit:8\n"
	(void)state;
	expect(PATTERN_LOST_UPDATE,
	       "Each step was under AccountBalance._lock, but not both in one go: a non-atomic "
	       "compound operation across two critical sections.",
	       BORN SOURCE UNDER(2, READ(2, 0)) UNDER(3, READ(3, 0)) UNDER(3, WRITE(3, 20))
		       UNDER(2, WRITE(2, 10)) JOINED,
	       LOST);
	expect(PATTERN_LOST_UPDATE,
	       "T2 \"alice\" had Account.lock meanwhile, and T3 \"bob\" Account.other: two locks "
	       "for one thing.",
	       BORN SOURCE "2 mutex_trylock Account.lock @deposit:8\n" READ(
		       2, 0) "3 mutex_trylock Account.other @deposit:8\n" READ(3, 0)
		       WRITE(3, 20) "3 mutex_unlock Account.other @deposit:8\n" WRITE(
			       2, 10) "2 mutex_unlock Account.lock @deposit:8\n" JOINED,
	       LOST);
}

static void order(void **state)
{
	static const char steps[] = BORN
		"3 store Crawler.page =2 @main:9\n2 load Crawler.page =2 @fetch:20\n" JOINED;

	(void)state;
	expect(PATTERN_ORDER,
	       "fails when T3 \"bob\" writes Crawler.page at main (bank.py:9) before T2 \"alice\" "
	       "reads it at fetch (bank.py:20), and not the other way round.",
	       steps,
	       "{\"status\":1,\"finding\":{\"pair\":{\"first\":{\"lane\":2,\"k\":0},\"second\":{"
	       "\"lane\":3,\"k\":0}}}}");
	/* Nobody has proven it. */
	expect(PATTERN_NONE, "", steps, "{\"status\":1}");
	/* What came first was overwritten before it was read again. */
	expect(PATTERN_WRITE_WRITE,
	       "T2 \"alice\" wrote Job.name at run (bank.py:9) and read it at run (bank.py:10), but "
	       "T3 \"bob\" had overwritten it in between, at run (bank.py:9).",
	       BORN "2 store Job.name ='a' @run:9\n" SWITCH(
		       2, 3) "3 store Job.name ='b' @run:9\n2 load Job.name ='b' @run:10\n" JOINED,
	       LOST);
}

/* The last words: whether that can happen at all. */
static void can_happen(void **state)
{
	char *text;

	(void)state;
#define WITH_GIL(word) "{\"status\":1,\"finding\":{\"gil\":\"" word "\"}}"
	text = tell(NESTED, WITH_GIL("on"), 80, NULL);
	assert_non_null(strstr(text, "\ncan happen: yes, on this interpreter as it is\n"));
	free(text);
	text = tell(NESTED, WITH_GIL("off"), 120, NULL);
	assert_non_null(strstr(text,
			       "\ncan happen: only without the GIL (free-threaded builds, other "
			       "interpreters, a future version)\n"));
	free(text);
	text = tell(NESTED, LOST, 80, NULL);
	assert_null(strstr(text, "can happen"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_update),
		cmocka_unit_test(check_then_act),
		cmocka_unit_test(items),
		cmocka_unit_test(during_iteration),
		cmocka_unit_test(several_variables),
		cmocka_unit_test(under_locks),
		cmocka_unit_test(order),
		cmocka_unit_test(can_happen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
