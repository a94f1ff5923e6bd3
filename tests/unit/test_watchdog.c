/*
 * When a thread is missed: a process of two threads of which the second one has the turn. Its end
 * is held by ptrace, as a busy machine does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/region.h"
#include "recorder/watchdog.h"

enum { LOOKS = 40 }; /* of 20 ms: a thread that is missing is noticed after 0.3 s */

static struct region_handle handle;
static struct drain *drain;

static void *second(void *how)
{
	handle.map->lane[0].tid = (uint32_t)syscall(SYS_gettid);
	syscall(how ? SYS_exit_group : SYS_exit, 0);
	return NULL;
}

/* The first thread asks to be traced and stands; then it makes the second, and waits for ever. */
static void be_target(bool whole)
{
	pthread_t thread;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP))
		_exit(77);
	pthread_create(&thread, NULL, second, whole ? &thread : NULL);
	for (;;)
		pause();
}

static int setup(void **state)
{
	static const struct drain_sink sink;
	struct err err;

	(void)state;
	if (region_create(&handle, &err) < 0)
		return -1;
	drain = drain_new(handle.map, &sink, NULL);
	handle.map->process[0] = (struct region_process){ .state = PROCESS_ATTACHED, .turn = 2 };
	handle.map->lane[0] = (struct region_lane){ .number = 2, .state = LANE_RUNNABLE };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	drain_free(drain);
	region_destroy(&handle);
	return 0;
}

/* The first finding of a few looks, with the lane. */
static enum watchdog_finding look(pid_t pid, uint32_t *lane)
{
	const struct watchdog_limits limits = { 0 };
	struct watchdog *watchdog = watchdog_new(handle.map, &limits, NULL, NULL);
	enum watchdog_finding finding = WATCHDOG_NOTHING;
	int i;

	for (i = 0; i < LOOKS && finding == WATCHDOG_NOTHING; i++) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = 20000000 },
				NULL);
		finding = watchdog_look(watchdog, pid, drain, lane);
	}
	watchdog_free(watchdog);
	return finding;
}

/* Stops when its process is to end, before it does anything for that. */
static pid_t start(bool whole)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		be_target(whole);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL,
				(void *)(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)),
			 0);
	assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	do
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	while (waitpid(pid, NULL, __WALL) >= 0 || errno == EINTR);
}

static void a_thread_that_ended_alone(void **state)
{
	pid_t pid = start(false);
	uint32_t lane;

	(void)state;
	assert_int_equal(look(pid, &lane), WATCHDOG_LOST);
	assert_int_equal(lane, 2);
	end(pid);
}

/* The thread is the process's first one in the new image, which may take long to attach. */
static void a_thread_that_executes_another_program(void **state)
{
	pid_t pid = start(false);
	uint32_t lane;

	(void)state;
	handle.map->process[0].state = PROCESS_REPLACED;
	assert_int_equal(look(pid, &lane), WATCHDOG_NOTHING);
	end(pid);
}

static void a_process_that_ends(void **state)
{
	pid_t pid = start(true);
	uint32_t lane;
	int status;

	(void)state;
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_int_equal(status >> 8, SIGTRAP | PTRACE_EVENT_EXIT << 8);
	assert_int_equal(look(pid, &lane), WATCHDOG_NOTHING);
	end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_thread_that_ended_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thread_that_executes_another_program, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_process_that_ends, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
