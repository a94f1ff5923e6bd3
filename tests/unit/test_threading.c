/*
 * What CPython's threading makes of locks is told as waits, signals and joins: call stacks and
 * events as Lib/threading.py of 3.11 to 3.13 gives them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/library.h"
#include "replayer/history.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tale.h"

/* The events of the history in words, a line each: "2 cond_wait Box.cond Box.cond". */
static void expect(const char *steps, const char *expected)
{
	const char *path = scratch_path("threading.zst");
	struct trace_file file;
	struct history *history;
	struct err err = { 0 };
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	tale_write(path, scratch_dir(), steps, "exit", "{\"status\":1}");
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	history = history_new(&file);
	for (i = 0; i < history->events_n; i++) {
		const struct history_event *event = &history->events[i];
		const uint32_t objects[] = { event->object, event->object2 };
		unsigned j;

		fprintf(out, "%u%s %s", event->lane, event->phase == PHASE_DONE ? "" : "!",
			event_kind_name(event->kind));
		for (j = 0; j < 2; j++)
			if (objects[j])
				fprintf(out, " %s", trace_names_object(file.names, objects[j])->id);
		if (event->result)
			fprintf(out, " r%d", (int)event->result);
		if (event->kind == EVENT_COND_SIGNAL || event->kind == EVENT_COND_BROADCAST)
			fprintf(out, " v%d", (int)event->value);
		fputc('\n', out);
	}
	history_free(history);
	trace_file_close(&file);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

/* with self.cond: self.cond.wait() */
#define ENTERS(lane) #lane " mutex_trylock Box.cond @Condition.__enter__<take:10\n"
#define BEGINS_WAIT(lane)                                                                      \
#lane " mutex_trylock 1.2/lock." #lane " @Condition.wait<take:12\n" #lane              \
	      " mutex_unlock Box.cond @Condition._release_save<Condition.wait<take:12\n" #lane \
	      " mutex_trylock 1.2/lock." #lane " r16 @Condition.wait<take:12\n"
#define WAITS(lane) \
	BEGINS_WAIT(lane) #lane "! mutex_lock 1.2/lock." #lane " @Condition.wait<take:12\n"
#define COMES_BACK(lane)                                                       \
#lane " mutex_lock 1.2/lock." #lane " @Condition.wait<take:12\n" #lane \
	      " mutex_trylock Box.cond @Condition._acquire_restore<Condition.wait<take:12\n"
#define LEAVES(lane) #lane " mutex_unlock Box.cond @Condition.__exit__<take:14\n"

static void a_wait_is_a_wait(void **state)
{
	(void)state;
	expect("python\n2 thread_start\n3 thread_start\n" ENTERS(2) WAITS(
		       2) "3 mutex_trylock Box.cond @Condition.__enter__<put:20\n"
			  "3 mutex_trylock Box.cond r16 @Condition._is_owned<Condition.notify<put:21\n"
			  "3 mutex_unlock 1.2/lock.2 @Condition.notify<put:21\n"
			  "3 mutex_unlock Box.cond @Condition.__exit__<put:20\n" COMES_BACK(2)
				  LEAVES(2),
	       "2 thread_start\n3 thread_start\n2 mutex_trylock Box.cond\n"
	       "2 cond_wait Box.cond Box.cond\n2! cond_woken Box.cond Box.cond\n"
	       "3 mutex_trylock Box.cond\n3 cond_signal Box.cond v1\n3 mutex_unlock Box.cond\n"
	       "2 cond_woken Box.cond Box.cond\n2 mutex_unlock Box.cond\n");
}

/* All that can be seen of it is the question whether the lock is taken. */
static void a_notify_that_wakes_nobody(void **state)
{
	(void)state;
	expect("python\n3 thread_start\n2 thread_start\n"
	       "3 mutex_trylock Box.cond @Condition.__enter__<put:20\n"
	       "3 mutex_trylock Box.cond r16 @Condition._is_owned<Condition.notify<put:21\n"
	       "3 mutex_unlock Box.cond @Condition.__exit__<put:20\n" ENTERS(2) WAITS(2),
	       "3 thread_start\n2 thread_start\n3 mutex_trylock Box.cond\n"
	       "3 cond_signal Box.cond v0\n3 mutex_unlock Box.cond\n2 mutex_trylock Box.cond\n"
	       "2 cond_wait Box.cond Box.cond\n2! cond_woken Box.cond Box.cond\n");
}

#define NOTIFIES "@Condition.notify<Condition.notify_all<put:21\n"

static void one_broadcast_wakes_all(void **state)
{
	(void)state;
	expect("python\n" ENTERS(2) WAITS(2) ENTERS(4)
		       WAITS(4) "3 mutex_unlock 1.2/lock.2 " NOTIFIES
				"3 mutex_unlock 1.2/lock.4 " NOTIFIES,
	       "2 mutex_trylock Box.cond\n2 cond_wait Box.cond Box.cond\n"
	       "2! cond_woken Box.cond Box.cond\n4 mutex_trylock Box.cond\n"
	       "4 cond_wait Box.cond Box.cond\n4! cond_woken Box.cond Box.cond\n"
	       "3 cond_broadcast Box.cond v1\n");
}

static void a_wait_may_time_out(void **state)
{
	(void)state;
	expect("python\n" ENTERS(2) BEGINS_WAIT(
		       2) "3 mutex_trylock Box.cond @put:20\n3 mutex_unlock Box.cond @put:22\n"
			  "2 mutex_timedlock 1.2/lock.2 r110 @Condition.wait<take:12\n"
			  "2 mutex_trylock Box.cond @Condition.wait<take:12\n",
	       "2 mutex_trylock Box.cond\n2 cond_timedwait Box.cond Box.cond\n"
	       "3 mutex_trylock Box.cond\n3 mutex_unlock Box.cond\n"
	       "2 cond_woken Box.cond Box.cond r110\n");
}

#define LIVES "@Thread._set_tstate_lock<Thread._bootstrap_inner<Thread._bootstrap\n"
#define BOOTS "@Event.set<Thread._bootstrap_inner<Thread._bootstrap\n"
#define JOINS "@Thread._wait_for_tstate_lock<Thread.join<main:52\n"

/* Threads hold a lock as long as they live. */
static void a_join_is_a_join(void **state)
{
	(void)state;
	expect("python\n1 thread_create T2 @Thread.start<main:50\n"
	       "1 mutex_trylock 1/lock.3 @Condition.__enter__<Event.wait<Thread.start<main:50\n"
	       "2 mutex_trylock 1.1/lock.1 " LIVES "2 mutex_trylock 1/lock.3 " BOOTS
	       "1 mutex_trylock 1.1/lock.1 r16 " JOINS "1! mutex_lock 1.1/lock.1 " JOINS
	       "2 thread_end T2\n2 mutex_unlock 1.1/lock.1\n1 mutex_lock 1.1/lock.1 " JOINS
	       "1 mutex_unlock 1.1/lock.1 " JOINS,
	       "1 thread_create thread:1.1\n1! thread_join thread:1.1\n2 thread_end thread:1.1\n"
	       "1 thread_join thread:1.1\n");
}

/* The call of a method says what is waited for, and that somebody notifies. */
static void what_the_program_calls(void **state)
{
	(void)state;
	expect("python\n2 call Box.filled =.wait() @take:12\n" ENTERS(2) WAITS(
		       2) "3 call Box.filled =.notify() @put:21\n3 mutex_unlock 1.2/lock.2 "
			  "@Condition.notify<put:21\n3 call Box.filled =.notify_all() @put:22\n",
	       "2 call Box.filled\n2 mutex_trylock Box.cond\n2 cond_wait Box.filled Box.cond\n"
	       "2! cond_woken Box.filled Box.cond\n3 cond_signal Box.filled v1\n"
	       "3 cond_broadcast Box.filled v0\n");
	/* A queue knows whom it has to notify. */
	expect("python\n3 call jobs =.put() @put:20\n3 mutex_trylock 1/lock.4 @Queue.put<put:20\n"
	       "3 mutex_trylock 1/lock.4 r16 @Condition._is_owned<Condition.notify<Queue.put<put:20\n"
	       "3 mutex_unlock 1/lock.4 @Queue.put<put:20\n2 mutex_trylock 1/lock.4 @peek:3\n"
	       "2 call jobs =.get() @peek:4\n",
	       "3 call jobs\n3 mutex_trylock 1/lock.4\n3 mutex_unlock 1/lock.4\n"
	       "2 mutex_trylock 1/lock.4\n2 call jobs\n");
}

/* The first attempt is noise where the lane then waits, and else the answer. */
static void attempts(void **state)
{
	(void)state;
	expect("python\n2 mutex_trylock Cart._lock @add:5\n3 mutex_trylock Cart._lock r16 @add:5\n"
	       "3! mutex_lock Cart._lock @add:5\n2 mutex_unlock Cart._lock @add:6\n"
	       "3 mutex_lock Cart._lock @add:5\n2 mutex_trylock Cart._lock r16 @peek:9\n",
	       "2 mutex_trylock Cart._lock\n3! mutex_lock Cart._lock\n2 mutex_unlock Cart._lock\n"
	       "3 mutex_lock Cart._lock\n2 mutex_trylock Cart._lock r16\n");
	/* Not of an interpreter. */
	expect("2 mutex_trylock savings @add:5\n3 mutex_trylock savings r16 @add:5\n"
	       "3! mutex_lock savings @add:5\n",
	       "2 mutex_trylock bank+0x4001\n3 mutex_trylock bank+0x4001 r16\n"
	       "3! mutex_lock bank+0x4001\n");
}

static void calls_of_the_library(void **state)
{
	static const char *const stacks[] = { "get:4<deposit:7",
					      "Condition.wait<Queue.get<consume:12",
					      "worker<Thread.run<Thread._bootstrap" };
	static const char *const calls[] = { NULL, "Queue.get", "worker" };
	static const unsigned uses[] = { 0, LIBRARY_WAIT, 0 };
	const char *path = scratch_path("library.zst");
	struct trace_file file;
	struct err err = { 0 };
	char steps[512] = "python\n";
	uint32_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		snprintf(steps + strlen(steps), sizeof(steps) - strlen(steps), "2 yield @%s\n",
			 stacks[i]);
	tale_write(path, scratch_dir(), steps, "exit", "{}");
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	for (i = 0; i < 3; i++) {
		const char *call = library_call(file.names, i + 1);

		assert_int_equal(library_use(file.names, i + 1), uses[i]);
		if (calls[i])
			assert_string_equal(call, calls[i]);
		else
			assert_null(call);
	}
	assert_null(library_call(file.names, 0));
	trace_file_close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_is_a_wait),
		cmocka_unit_test(a_notify_that_wakes_nobody),
		cmocka_unit_test(one_broadcast_wakes_all),
		cmocka_unit_test(a_wait_may_time_out),
		cmocka_unit_test(a_join_is_a_join),
		cmocka_unit_test(what_the_program_calls),
		cmocka_unit_test(attempts),
		cmocka_unit_test(calls_of_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
