/*
 * SIGCHLD that comes between a change of the signal mask and a close(), as in shells: the handler
 * waits for the child. In a replay the child is over as soon as it is there.
 */
#include <signal.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

static volatile sig_atomic_t waited;

static void on_child(int number)
{
	int saved = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		waited = waited + 1;
	errno = saved;
}

/* Nothing that anybody could see from outside. */
static void compute(void)
{
	volatile unsigned long i;

	for (i = 0; i < 10000000; i++)
		;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_RESTART };
	sigset_t child, before;
	int ends[2], i;
	char byte;

	CHECK_RC(sigaction(SIGCHLD, &action, NULL), 0);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (i = 1; i <= 3; i++) {
		CHECK_RC(pipe(ends), 0);
		CHECK_RC(sigprocmask(SIG_BLOCK, &child, &before), 0);
		if (fork() == 0) {
			CHECK(write(ends[1], "x", 1) == 1);
			_exit(0);
		}
		CHECK_RC(sigprocmask(SIG_SETMASK, &before, NULL), 0);
		compute();
		CHECK_RC(close(ends[1]), 0);
		CHECK(read(ends[0], &byte, 1) == 1 && read(ends[0], &byte, 1) == 0);
		CHECK_RC(close(ends[0]), 0);
		while (waited < i)
			check_sleep(1);
	}
	return check_done(__FILE__);
}
