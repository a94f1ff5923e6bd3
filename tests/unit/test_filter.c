/*
 * The system call filter: the listed calls trap, others and other architectures pass. Each case
 * runs in a child, as a filter cannot be taken off again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/filter.h"

static volatile int trapped; /* number of the call that trapped last, -1: none */

static void on_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	trapped = info->si_syscall;
}

static void install(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	struct sock_filter *program;
	struct sock_fprog fprog;
	size_t count;

	if (filter_build(FILTER_BLOCKING, &program, &count, NULL))
		_exit(100);
	fprog.len = (unsigned short)count;
	fprog.filter = program;
	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog))
		_exit(101);
}

struct call {
	long number, a, b, c, d;
	int traps;
};

static const struct call calls[] = {
	{ SYS_read, -1, 0, 0, 0, 1 },
	{ SYS_write, -1, 0, 0, 0, 1 },
	{ SYS_readv, -1, 0, 0, 0, 1 },
	{ SYS_accept4, -1, 0, 0, 0, 1 },
	{ SYS_poll, 0, 0, 0, 0, 1 },
	{ SYS_epoll_pwait2, -1, 0, 0, 0, 1 },
	{ SYS_wait4, -1, 0, WNOHANG, 0, 1 },
	{ SYS_clock_nanosleep, -1, 0, 0, 0, 1 },
	{ SYS_rt_sigprocmask, 0, 0, 0, 8, 1 },
	{ SYS_mq_timedreceive, -1, 0, 0, 0, 1 },
	{ SYS_fcntl, -1, F_SETLKW, 0, 0, 1 },
	{ SYS_fcntl, -1, F_OFD_SETLKW, 0, 0, 1 },
	/* Garbage above an int argument is ignored by the kernel, and so by us. */
	{ SYS_fcntl, -1, F_SETLKW | 1l << 40, 0, 0, 1 },
	{ SYS_fcntl, -1, F_SETLK, 0, 0, 0 },
	{ SYS_fcntl, -1, F_GETFD, 0, 0, 0 },
	{ SYS_futex, 0, FUTEX_WAIT, 0, 0, 1 },
	{ SYS_futex, 0, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0, 0, 1 },
	{ SYS_futex, 0, FUTEX_REQUEUE, 0, 0, 1 },
	{ SYS_futex, 0, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, 0, 1 },
	{ SYS_futex, 0, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, 0, 1 },
	{ SYS_futex, 0, FUTEX_WAKE_BITSET, 0, 0, 1 },
	{ SYS_futex, 0, FUTEX_LOCK_PI, 0, 0, 0 },
	{ SYS_futex, 0, FUTEX_UNLOCK_PI, 0, 0, 0 },
	{ SYS_futex, 0, FUTEX_WAKE_OP, 0, 0, 0 },
	{ SYS_preadv, -1, 0, 0, 0, 0 },
	{ SYS_pwritev, -1, 0, 0, 0, 0 },
	{ SYS_getpid, 0, 0, 0, 0, 0 },
	{ SYS_openat, -1, 0, 0, 0, 0 },
	{ SYS_mmap, 0, 0, 0, 0, 0 },
	{ SYS_epoll_ctl, -1, 0, 0, 0, 0 },
};

#define CALLS (sizeof(calls) / sizeof(*calls))

/* Exit status of the child: 0, or 1 + the index of the first call that did not do as it should. */
static int try_calls(void)
{
	size_t i;

	install();
	for (i = 0; i < CALLS; i++) {
		const struct call *call = &calls[i];

		trapped = -1;
		syscall(call->number, call->a, call->b, call->c, call->d, 0, 0);
		if (trapped != (call->traps ? call->number : -1))
			return 1 + (int)i;
	}
	return 0;
}

static int status_of(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void listed_calls_trap(void **state)
{
	(void)state;
	assert_int_equal(status_of(try_calls), 0);
}

/* getpid by the 32-bit interface (number 20 there, writev here, which traps). */
static int old_interface(void)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	return result == getpid() ? 0 : 1;
}

static int old_interface_filtered(void)
{
	install();
	trapped = -1;
	return old_interface() || trapped != -1;
}

static void other_architectures_pass(void **state)
{
	(void)state;
	if (status_of(old_interface)) /* this kernel has no 32-bit system calls */
		skip();
	assert_int_equal(status_of(old_interface_filtered), 0);
}

static void filter_is_small(void **state)
{
	struct sock_filter *program;
	size_t count;

	(void)state;
	assert_int_equal(filter_build(FILTER_BLOCKING, &program, &count, NULL), 0);
	assert_in_range(count, 20, BPF_MAXINSNS / 8);
	free(program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listed_calls_trap),
		cmocka_unit_test(other_architectures_pass),
		cmocka_unit_test(filter_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
