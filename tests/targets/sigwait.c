/*
 * sigwait, sigwaitinfo and sigtimedwait: signals that another thread sends with pthread_kill,
 * pthread_sigqueue and kill, and time-outs.
 */
#include <pthread.h>
#include <signal.h>
#include "tests/targets/check.h"

static pthread_t waiter;
static sigset_t set;

static void *sender(void *unused)
{
	CHECK_RC(pthread_kill(waiter, SIGUSR1), 0);
	CHECK_RC(pthread_sigqueue(waiter, SIGUSR2, (union sigval){ .sival_int = 5 }), 0);
	CHECK(kill(getpid(), SIGRTMIN) == 0);
	return unused;
}

static void *wait_only(void *signal_number)
{
	int got;

	CHECK_RC(sigwait(&set, &got), 0);
	*(int *)signal_number = got;
	return NULL;
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv), got, seen = 0;
	struct timespec ts = { second / 1000, second % 1000 * 1000000 }, before, after;
	siginfo_t info;
	pthread_t tid;

	waiter = pthread_self();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	CHECK_RC(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);

	clock_gettime(CLOCK_MONOTONIC, &before);
	CHECK_ERRNO(sigtimedwait(&set, NULL, &ts), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(check_ms_between(before, after) >= second - 1);

	CHECK_RC(pthread_create(&tid, NULL, sender, NULL), 0);
	for (int i = 0; i < 3; i++) {
		if (i == 0) {
			CHECK_RC(sigwait(&set, &got), 0);
			info.si_int = 5;
		} else if (i == 1) {
			got = sigwaitinfo(&set, &info);
		} else {
			ts.tv_sec = 3600;
			got = sigtimedwait(&set, &info, &ts);
		}
		if (got == SIGUSR1)
			seen |= 1;
		else if (got == SIGUSR2 && info.si_int == 5)
			seen |= 2;
		else if (got == SIGRTMIN)
			seen |= 4;
	}
	CHECK(seen == 7);
	CHECK_RC(pthread_join(tid, NULL), 0);

	got = 0;
	CHECK_RC(pthread_create(&tid, NULL, wait_only, &got), 0);
	CHECK_RC(pthread_kill(tid, SIGUSR2), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK(got == SIGUSR2);
	return check_done(__FILE__);
}
