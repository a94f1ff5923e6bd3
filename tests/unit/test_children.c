/*
 * Child processes out of the lines of a trace: who made them, what they ran and printed, how they
 * ended; no line of a hostile trace leads outside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "formats/record.h"
#include "replayer/children.h"

static struct children children;

static int tear_down(void **state)
{
	(void)state;
	children_fini(&children);
	return 0;
}

static void add(uint16_t call, int64_t result, int64_t number, int64_t maker, const void *got,
		size_t len)
{
	children_add(&children,
		     &(struct trace_answer){ .call = call,
					     .flags = ANSWER_CHILD,
					     .result = result,
					     .args = { call == SYS_write, number, maker },
					     .got = got,
					     .got_len = len });
}

static void waits(int64_t pid, int32_t status, size_t len)
{
	children_add(&children, &(struct trace_answer){ .call = SYS_wait4,
							.result = pid,
							.got = (const char *)&status,
							.got_len = len });
}

static void are_followed(void **state)
{
	(void)state;
	add(SYS_fork, 71, 1, 0, NULL, 0);
	add(SYS_execve, 71, 1, 0, "sh\0-c\0x", 8);
	add(SYS_fork, 72, 2, 1, NULL, 0);
	add(SYS_write, 5, 2, 0, "hello", 5);
	add(SYS_write, 2, 2, 0, "!\n", 2);
	add(SYS_execve, 73, 3, 0, "ls", 3);
	children_add(&children, &(struct trace_answer){ .call = SYS_execve,
							.flags = ANSWER_CHILD,
							.args = { 1, 4 },
							.got = "./static",
							.got_len = 9 });
	waits(73, 9, sizeof(int32_t));
	waits(71, 3 << 8, sizeof(int32_t));
	assert_int_equal(children.count, 4);
	assert_true(children.child[3].unseen);
	assert_false(children.child[0].unseen);
	assert_int_equal(children.child[0].maker, 0);
	assert_memory_equal(children.child[0].words, "sh\0-c\0x", 8);
	assert_true(children.child[0].waited_for);
	assert_int_equal(children.child[0].status, 3 << 8);
	assert_int_equal(children.child[1].maker, 1);
	assert_int_equal(children.child[1].printed, 7);
	assert_null(children.child[1].words);
	assert_false(children.child[1].waited_for);
	assert_int_equal(children.child[2].status, 9);
}

/* The newest has a pid that was used before. */
static void pids_are_used_again(void **state)
{
	(void)state;
	add(SYS_fork, 71, 1, 0, NULL, 0);
	waits(71, 1 << 8, sizeof(int32_t));
	add(SYS_fork, 71, 2, 0, NULL, 0);
	waits(71, 2 << 8, sizeof(int32_t));
	assert_int_equal(children.child[0].status, 1 << 8);
	assert_int_equal(children.child[1].status, 2 << 8);
}

static void hostile_lines(void **state)
{
	int64_t i;

	(void)state;
	add(SYS_fork, 1, 0, 0, NULL, 0);
	add(SYS_fork, 1, -5, 0, NULL, 0);
	assert_int_equal(children.count, 0);
	waits(1, 0, 2);
	waits(-10, 0, sizeof(int32_t));
	add(SYS_execve, INT64_MIN, INT64_MAX, INT64_MIN, NULL, 0);
	assert_int_equal(children.count, 1);
	waits(INT64_MIN, 0, sizeof(int32_t));
	assert_false(children.child[0].waited_for);
	for (i = 1; i < 3000; i++)
		add(SYS_execve, i, i, i, "x", 1);
	assert_int_equal(children.count, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(are_followed, tear_down),
		cmocka_unit_test_teardown(pids_are_used_again, tear_down),
		cmocka_unit_test_teardown(hostile_lines, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
