/*
 * Timers that send signals: alarm, setitimer and timer_create, to a handler and to sigwait, while
 * another thread works. Time has to be virtual for them too.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int ticks, stop;

static void tick(int unused)
{
	(void)unused;
	ticks++;
}

static void *work(void *unused)
{
	while (!stop) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
		usleep(1000);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv), got;
	struct timespec period = { second / 1000, second % 1000 * 1000000 }, before, after;
	struct itimerval interval = { { second / 1000, second % 1000 * 1000 },
				      { second / 1000, second % 1000 * 1000 } };
	struct itimerspec spec = { period, period };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct sigaction action = { .sa_handler = tick };
	sigset_t set;
	timer_t timer;
	pthread_t tid;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGUSR1);
	CHECK_RC(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	CHECK_RC(pthread_create(&tid, NULL, work, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);

	/* alarm knows whole seconds only. */
	if (second == 1000) {
		CHECK(alarm(100) == 0);
		CHECK(alarm(1) == 100);
		CHECK_RC(sigwait(&set, &got), 0);
		CHECK(got == SIGALRM);
	}
	CHECK(setitimer(ITIMER_REAL, &interval, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		CHECK_RC(sigwait(&set, &got), 0);
		CHECK(got == SIGALRM);
	}
	interval.it_value = (struct timeval){ 0, 0 };
	CHECK(setitimer(ITIMER_REAL, &interval, NULL) == 0);

	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	CHECK_RC(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
	CHECK(timer_settime(timer, 0, &spec, NULL) == 0);
	while (ticks < 2)
		check_sleep(second);
	CHECK(timer_delete(timer) == 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(check_ms_between(before, after) >= 4 * second - 4);
	stop = 1;
	CHECK_RC(pthread_join(tid, NULL), 0);
	return check_done(__FILE__);
}
