/*
 * A signal handler that posts a semaphore, the one function of its kind that is allowed there: a
 * thread waits for the post while signals arrive at other threads and in the middle of locks.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include "tests/targets/check.h"

enum { SIGNALS = 30 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t rung;
static atomic_int stop;

static void ring(int unused)
{
	int saved = errno;

	(void)unused;
	CHECK(sem_post(&rung) == 0);
	errno = saved;
}

static void *work(void *unused)
{
	while (!stop) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		sched_yield();
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return unused;
}

int main(void)
{
	struct sigaction action = { .sa_handler = ring, .sa_flags = SA_RESTART };
	pthread_t tid[2];

	CHECK(sem_init(&rung, 0, 0) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, work, NULL), 0);
	for (int i = 0; i < SIGNALS; i++) {
		CHECK_RC(pthread_kill(tid[i % 2], SIGUSR1), 0);
		while (sem_wait(&rung) == -1)
			CHECK(errno == EINTR);
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	return check_done(__FILE__);
}
