/*
 * The recorded order of steps looked for in runs of another interpreter: which step is which, what
 * is forced next, and what is said to be missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/header.h"
#include "replayer/course.h"
#include "replayer/interpreter.h"
#include "replayer/retrace.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tale.h"

#define BORN "python\n1 thread_start\n1 thread_create T2 @main:50\n1 thread_create T3 @main:51\n"
#define SOURCE "source 9 amount = 10\nsource 10 self.balance = self.balance + amount\n"
/* The second thread goes first between read and write. */
#define RECORDED                                                                        \
	BORN SOURCE "2 thread_start\n2 load Account.balance =0 @deposit:10\npick 2 3\n" \
		    "2! store Account.balance @deposit:10\n3 thread_start\n"            \
		    "3 load Account.balance =0 @deposit:10\n"                           \
		    "3 store Account.balance =10 @deposit:10\n"                         \
		    "2 store Account.balance =10 @deposit:10\n"

static struct trace_file open_tale(const char *name, const char *steps)
{
	const char *path = scratch_path(name);
	struct trace_file file;
	struct err err = { 0 };

	tale_write(path, scratch_dir(), steps, "exit", "{\"status\":1}");
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	return file;
}

static struct course *course_of_tale(struct trace_file *file, const char *name, const char *steps)
{
	struct err err = { 0 };
	struct course *course;

	*file = open_tale(name, steps);
	course = course_of(file, &err);
	assert_non_null(course);
	return course;
}

/* The step of `lane` that is its n-th, in the other run; COURSE_NONE when that has none such. */
static uint32_t other_step(const struct course *course, uint32_t lane, uint32_t n,
			   const struct course *other)
{
	uint32_t step = course_begin(course, lane) + n;

	assert_in_range(step, course_begin(course, lane), course_end(course, lane) - 1);
	return course_find(other, course->steps[step].name);
}

static void steps_are_known_by_their_source(void **state)
{
	struct trace_file one, other;
	struct course *a = course_of_tale(&one, "a.zst",
					  BORN SOURCE
					  "2 load Account.balance =0 @deposit:10\n"
					  "2 mutex_lock 1.1/lock.1 @Thread._delete\n"
					  "2 mutex_lock 1/lock.7 @Condition.wait<deposit:10\n"
					  "2 load Account.balance =0 @deposit:10\n"
					  "2 load ITEMS#2 @(listcomp)<deposit:9\n"
					  "3 load Account.total =0 @deposit:10\n"
					  "3 load Account.balance =0 @withdraw:10\n"
					  "3 load Account.balance =0 @deposit:9\n");
	/* The line stands elsewhere, locks have other numbers, the library does other things. */
	struct course *b = course_of_tale(
		&other, "b.zst",
		BORN "source 30 self.balance = self.balance + amount\nsource 29 amount = 10\n"
		     "2 mutex_lock 1.1/lock.9 @Thread._bootstrap\n"
		     "2 load Account.balance =5 @deposit:30\n"
		     "2 mutex_lock 1/lock.3 @Condition.wait<deposit:30\n"
		     "2 mutex_init 1/lock.3 @Condition._new<deposit:30\n"
		     "2 load Account.balance =5 @deposit:30\n"
		     "2 load ITEMS#3 @(listcomp)<deposit:29\n"
		     "3 load Account.balance =0 @deposit:30\n");
	uint32_t first = course_begin(b, 2);

	(void)state;
	/* What has no place in the program is no step. */
	assert_int_equal(course_end(a, 2) - course_begin(a, 2), 4);
	assert_int_equal(other_step(a, 2, 0, b), first);
	assert_int_equal(other_step(a, 2, 1, b), first + 1);
	assert_false(b->steps[first + 1].own);
	/* The second time is another step than the first. */
	assert_int_equal(other_step(a, 2, 2, b), first + 3);
	assert_int_equal(b->steps[first + 3].visit, 2);
	/* Which of several lists it is depends on the schedule. */
	assert_int_equal(other_step(a, 2, 3, b), first + 4);
	/* Another variable, function or line. */
	assert_int_equal(other_step(a, 3, 0, b), COURSE_NONE);
	assert_int_equal(other_step(a, 3, 1, b), COURSE_NONE);
	assert_int_equal(other_step(a, 3, 2, b), COURSE_NONE);
	course_free(a);
	course_free(b);
	trace_file_close(&one);
	trace_file_close(&other);
}

static void a_comprehension_is_a_part_of_its_function(void **state)
{
	struct trace_file one, other;
	struct course *a = course_of_tale(&one, "a.zst",
					  BORN SOURCE
					  "2 load Account.balance @deposit.(locals).(listcomp):10\n"
					  "2 load Account.total @(dictcomp):10\n"
					  "2 load Account.rate @rate.(locals).(genexpr):10\n");
	struct course *b = course_of_tale(&other, "b.zst",
					  BORN SOURCE "2 load Account.balance @deposit:10\n"
						      "2 load Account.total @(module):10\n"
						      "2 load Account.rate @rate:10\n");

	(void)state;
	assert_int_equal(other_step(a, 2, 0, b), course_begin(b, 2));
	assert_int_equal(other_step(a, 2, 1, b), course_begin(b, 2) + 1);
	/* A generator runs when it likes. */
	assert_int_equal(other_step(a, 2, 2, b), COURSE_NONE);
	course_free(a);
	course_free(b);
	trace_file_close(&one);
	trace_file_close(&other);
}

/* What a run leads to; `missing` gets what is said of it then. */
static int next(struct retrace *retrace, const char *steps, const struct retrace_choice *choices,
		uint32_t count, struct text *missing)
{
	struct trace_file run = open_tale("run.zst", steps);
	struct err err = { 0 };
	int rc = retrace_next(retrace, &run, choices, count, &err);
	bool any;

	text_reset(missing);
	any = retrace_missing(retrace, &run, missing, &err);
	assert_int_equal(any, missing->len > 0);
	trace_file_close(&run);
	return rc;
}

/* Thread 2 goes on where it stands before its store; it had two operations before in this run. */
static uint32_t both[] = { 2, 3 };
static const struct retrace_choice goes_on = {
	.at = 6,
	.k = 3,
	.lane = 2,
	.kind = DECISION_PICK,
	.chosen = 2,
	.lanes = both,
	.n_lanes = 2,
};

#define LOCKED BORN SOURCE "2 thread_start\n2 mutex_init 1.1/lock.1 @Thread._bootstrap\n"

static void forces_one_decision_after_another(void **state)
{
	struct trace_file file = open_tale("recorded.zst", RECORDED);
	struct err err = { 0 };
	struct retrace *retrace = retrace_new(&file, &err);
	struct retrace_choice preempted = goes_on;
	const struct plan_decision *forced;
	char space[256];
	struct text missing;
	uint32_t count;

	(void)state;
	text_init(&missing, space, sizeof(space));
	assert_non_null(retrace);
	forced = retrace_forced(retrace, &count);
	assert_int_equal(count, 0);
	assert_int_equal(next(retrace,
			      LOCKED "2 load Account.balance =0 @deposit:10\n"
				     "2 store Account.balance =10 @deposit:10\n3 thread_start\n"
				     "3 load Account.balance =10 @deposit:10\n"
				     "3 store Account.balance =20 @deposit:10\n",
			      &goes_on, 1, &missing),
			 1);
	/* As k counts here, not in the recording. */
	forced = retrace_forced(retrace, &count);
	assert_int_equal(count, 1);
	assert_int_equal(forced->kind, DECISION_PICK);
	assert_int_equal(forced->lane, 2);
	assert_int_equal(forced->k, 3);
	assert_int_equal(forced->choice, 3);
	assert_string_equal(missing.data,
			    "T3 bob cannot read Account.balance at deposit (bank.py:10) before "
			    "T2 alice comes to write Account.balance at deposit (bank.py:10)");
	preempted.chosen = 3;
	assert_int_equal(next(retrace,
			      LOCKED "2 load Account.balance =0 @deposit:10\n"
				     "2! store Account.balance @deposit:10\n3 thread_start\n"
				     "3 load Account.balance =0 @deposit:10\n"
				     "3 store Account.balance =10 @deposit:10\n"
				     "2 store Account.balance =10 @deposit:10\n",
			      &preempted, 1, &missing),
			 0);
	assert_string_equal(missing.data, "");
	retrace_free(retrace);
	trace_file_close(&file);
}

static void what_cannot_be_forced_is_not_tried_again(void **state)
{
	static const char run[] = LOCKED "2 load Account.balance =0 @deposit:10\n"
					 "2 store Account.balance =10 @deposit:10\n"
					 "3 thread_start\n3 load Account.balance @deposit:10\n";
	struct trace_file file = open_tale("recorded.zst", RECORDED);
	struct err err = { 0 };
	struct retrace *retrace = retrace_new(&file, &err);
	char space[256];
	struct text missing;

	(void)state;
	text_init(&missing, space, sizeof(space));
	assert_non_null(retrace);
	assert_int_equal(next(retrace, run, &goes_on, 1, &missing), 1);
	assert_int_equal(next(retrace, run, &goes_on, 1, &missing), 0);
	retrace_free(retrace);
	trace_file_close(&file);
}

static void says_what_is_missing(void **state)
{
	struct trace_file file = open_tale("recorded.zst", RECORDED);
	struct err err = { 0 };
	struct retrace *retrace = retrace_new(&file, &err);
	char space[256];
	struct text missing;

	(void)state;
	text_init(&missing, space, sizeof(space));
	assert_non_null(retrace);
	next(retrace,
	     BORN SOURCE "2 thread_start\n2 load Account.balance =0 @deposit:10\n"
			 "3 thread_start\n3 load Account.balance =0 @deposit:10\n",
	     NULL, 0, &missing);
	assert_string_equal(missing.data, "T2 alice never comes to write Account.balance at "
					  "deposit (bank.py:10)");
	retrace_free(retrace);
	trace_file_close(&file);
}

/* The other thread did nothing of the program before the first went on. */
static void a_preemption_may_mean_nothing(void **state)
{
	struct trace_file file =
		open_tale("recorded.zst", BORN SOURCE
			  "2 thread_start\npick 2 3\n2! store Account.balance @deposit:10\n"
			  "3 thread_start\n2 store Account.balance =10 @deposit:10\n"
			  "3 load Account.balance =10 @deposit:10\n");
	struct err err = { 0 };
	struct retrace *retrace = retrace_new(&file, &err);
	char space[256];
	struct text missing;

	(void)state;
	text_init(&missing, space, sizeof(space));
	assert_non_null(retrace);
	next(retrace,
	     BORN SOURCE "2 thread_start\n2 store Account.balance =10 @deposit:10\n"
			 "3 thread_start\n3 load Account.balance =10 @deposit:10\n",
	     NULL, 0, &missing);
	assert_string_equal(missing.data, "");
	retrace_free(retrace);
	trace_file_close(&file);
}

/* A lane that goes on to block is left alone, and who is next is chosen where it does. */
static void a_lane_that_blocks_is_not_preempted(void **state)
{
	struct trace_file file = open_tale("recorded.zst", BORN SOURCE
					   "2 thread_start\n2! mutex_lock 1/lock.1 @deposit:10\n"
					   "next 2 3\n3 thread_start\n"
					   "3 store Account.balance =1 @deposit:10\n1 exit\n"
					   "2 mutex_lock 1/lock.1 @deposit:10\n");
	static uint32_t others[] = { 1, 3 };
	static const struct retrace_choice choices[] = {
		{ .at = 4,
		  .k = 1,
		  .lane = 2,
		  .kind = DECISION_PICK,
		  .chosen = 2,
		  .lanes = both,
		  .n_lanes = 2 },
		{ .at = 5,
		  .k = 1,
		  .lane = 2,
		  .kind = DECISION_NEXT,
		  .chosen = 1,
		  .lanes = others,
		  .n_lanes = 2 },
	};
	const struct plan_decision *forced;
	struct err err = { 0 };
	struct retrace *retrace = retrace_new(&file, &err);
	char space[256];
	struct text missing;
	uint32_t count;

	(void)state;
	text_init(&missing, space, sizeof(space));
	assert_non_null(retrace);
	assert_int_equal(next(retrace,
			      BORN SOURCE "2 thread_start\n2! mutex_lock 1/lock.9 @deposit:10\n"
					  "1 load Account.balance @main:52\n3 thread_start\n"
					  "3 store Account.balance =1 @deposit:10\n"
					  "2 mutex_lock 1/lock.9 @deposit:10\n",
			      choices, 2, &missing),
			 1);
	forced = retrace_forced(retrace, &count);
	assert_int_equal(count, 1);
	assert_int_equal(forced->kind, DECISION_NEXT);
	assert_int_equal(forced->choice, 3);
	retrace_free(retrace);
	trace_file_close(&file);
}

static void interpreters_are_known_by_their_files(void **state)
{
	char version[INTERPRETER_VERSION], *path;

	(void)state;
	scratch_run("cp /bin/true python3.12 && ln -sf python3.12 python3 && ln -sf python3 py && "
		    "printf '#!/usr/bin/env python3\\n' >tool && chmod +x tool");
	path = strdup(scratch_dir());
	assert_non_null(path);
	interpreter_of("python3", path, version);
	assert_string_equal(version, "3.12");
	interpreter_of(scratch_path("py"), NULL, version);
	assert_string_equal(version, "3.12");
	interpreter_of("tool", path, version);
	assert_string_equal(version, "3.12");
	interpreter_of("/bin/true", path, version);
	assert_string_equal(version, "");
	interpreter_of("python3.99", path, version);
	assert_string_equal(version, "");
	free(path);
}

/* The command of a header with another interpreter, as one string. */
static void expect_command(const char *header, const char *expected)
{
	cJSON *json = cJSON_Parse(header);
	char joined[256] = "", **argv;
	struct err err;
	size_t i;

	assert_non_null(json);
	argv = interpreter_command(json, "py", &err);
	assert_non_null(argv);
	for (i = 0; argv[i]; i++)
		snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s",
			 i ? " " : "", argv[i]);
	assert_string_equal(joined, expected);
	header_free_words(argv);
	cJSON_Delete(json);
}

static void the_interpreter_of_a_command_is_replaced(void **state)
{
	(void)state;
	expect_command("{\"argv\":[\"python3\",\"-B\",\"a.py\"],"
		       "\"program\":{\"path\":\"/usr/bin/python3\"}}",
		       "py -B a.py");
	expect_command("{\"argv\":[\"tool\",\"-v\"],\"program\":{\"path\":\"/bin/tool\","
		       "\"scripts\":[{\"interpreter\":\"/usr/bin/python3\"}]}}",
		       "py /bin/tool -v");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_known_by_their_source),
		cmocka_unit_test(a_comprehension_is_a_part_of_its_function),
		cmocka_unit_test(forces_one_decision_after_another),
		cmocka_unit_test(what_cannot_be_forced_is_not_tried_again),
		cmocka_unit_test(says_what_is_missing),
		cmocka_unit_test(a_preemption_may_mean_nothing),
		cmocka_unit_test(a_lane_that_blocks_is_not_preempted),
		cmocka_unit_test(interpreters_are_known_by_their_files),
		cmocka_unit_test(the_interpreter_of_a_command_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
