/*
 * Signals that interrupt: sigsuspend and pause, and read, sem_wait, nanosleep, poll and a futex
 * wait that end with EINTR because another thread sends a signal whose handler does not restart.
 */
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include "tests/targets/check.h"

static atomic_int caught, interrupted;
static pthread_t sleeper;
static sem_t empty;
static int fd[2];

static void handler(int unused)
{
	(void)unused;
	caught++;
}

/* Sends until the sleeper says that it was interrupted: a signal may come before it sleeps. */
static void *disturb(void *unused)
{
	for (int i = 1; i <= 6; i++) {
		while (interrupted < i) {
			CHECK_RC(pthread_kill(sleeper, SIGUSR1), 0);
			usleep(100);
		}
	}
	return unused;
}

static void *send_once(void *unused)
{
	CHECK_RC(pthread_kill(sleeper, SIGUSR2), 0);
	return unused;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct timespec long_time = { 3600, 0 };
	sigset_t set, old;
	int word = 0, before;
	pthread_t tid;
	char c;

	sleeper = pthread_self();
	CHECK(sem_init(&empty, 0, 0) == 0 && pipe(fd) == 0);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK_RC(pthread_sigmask(SIG_BLOCK, &set, &old), 0);
	CHECK_RC(pthread_create(&tid, NULL, send_once, NULL), 0);
	CHECK_ERRNO(sigsuspend(&old), EINTR);
	CHECK(caught == 1);
	CHECK_RC(pthread_join(tid, NULL), 0);

	CHECK_RC(pthread_create(&tid, NULL, disturb, NULL), 0);
	CHECK_ERRNO(pause(), EINTR);
	interrupted++;
	CHECK_ERRNO(read(fd[0], &c, 1), EINTR);
	interrupted++;
	CHECK_ERRNO(sem_wait(&empty), EINTR);
	interrupted++;
	CHECK_ERRNO(nanosleep(&long_time, &long_time), EINTR);
	CHECK(long_time.tv_sec > 3000);
	interrupted++;
	CHECK_ERRNO(poll(&(struct pollfd){ fd[0], POLLIN, 0 }, 1, -1), EINTR);
	interrupted++;
	CHECK_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL), EINTR);
	interrupted++;
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK(caught >= 7);

	before = caught;
	CHECK(raise(SIGUSR1) == 0);
	CHECK(caught == before + 1);
	return check_done(__FILE__);
}
