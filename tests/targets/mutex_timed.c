/*
 * pthread_mutex_timedlock and clocklock: they time out while another thread holds the mutex, get it
 * when it is released in time, and refuse bad times and clocks.
 */
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t held, let_go;

static void *holder(void *unused)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	sem_post(&held);
	while (sem_wait(&let_go) == -1)
		CHECK(errno == EINTR);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	return unused;
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv);
	struct timespec at, before, after;
	pthread_t tid;

	CHECK(sem_init(&held, 0, 0) == 0 && sem_init(&let_go, 0, 0) == 0);
	CHECK_RC(pthread_create(&tid, NULL, holder, NULL), 0);
	while (sem_wait(&held) == -1)
		CHECK(errno == EINTR);

	clock_gettime(CLOCK_MONOTONIC, &before);
	at = check_after(CLOCK_REALTIME, second);
	CHECK_RC(pthread_mutex_timedlock(&lock, &at), ETIMEDOUT);
	at = check_after(CLOCK_REALTIME, second);
	CHECK_RC(pthread_mutex_clocklock(&lock, CLOCK_REALTIME, &at), ETIMEDOUT);
	at = check_after(CLOCK_MONOTONIC, second);
	CHECK_RC(pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &at), ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(check_ms_between(before, after) >= 3 * second - 3);

	at = check_after(CLOCK_REALTIME, -1000);
	CHECK_RC(pthread_mutex_timedlock(&lock, &at), ETIMEDOUT);
	at.tv_nsec = 1000000000;
	CHECK_RC(pthread_mutex_timedlock(&lock, &at), EINVAL);
	CHECK_RC(pthread_mutex_clocklock(&lock, CLOCK_PROCESS_CPUTIME_ID, &at), EINVAL);

	sem_post(&let_go);
	at = check_after(CLOCK_REALTIME, 3600 * 1000L);
	CHECK_RC(pthread_mutex_timedlock(&lock, &at), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
	at.tv_sec = 0;
	CHECK_RC(pthread_mutex_timedlock(&lock, &at), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	return check_done(__FILE__);
}
