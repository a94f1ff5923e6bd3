/*
 * Unnamed semaphores: as a lock, as a counter of items, trywait, timedwait, clockwait, getvalue,
 * overflow. Named ones are in sem_named.c.
 */
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

enum { THREADS = 4, ROUNDS = 50 };

static sem_t mutex, items, none;
static int counter;

static void down(sem_t *sem)
{
	while (sem_wait(sem) == -1)
		CHECK(errno == EINTR);
}

static void *add(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		down(&mutex);
		counter++;
		CHECK(sem_post(&mutex) == 0);
		CHECK(sem_post(&items) == 0);
	}
	return unused;
}

static void *take(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		down(&items);
	return unused;
}

static void *post_none(void *unused)
{
	CHECK(sem_post(&none) == 0);
	return unused;
}

static void timed(int second)
{
	struct timespec at, before, after;
	pthread_t tid;

	CHECK_ERRNO(sem_trywait(&none), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &before);
	at = check_after(CLOCK_REALTIME, second);
	CHECK_ERRNO(sem_timedwait(&none, &at), ETIMEDOUT);
	at = check_after(CLOCK_MONOTONIC, second);
	CHECK_ERRNO(sem_clockwait(&none, CLOCK_MONOTONIC, &at), ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(check_ms_between(before, after) >= 2 * second - 2);
	at = check_after(CLOCK_REALTIME, -1000);
	CHECK_ERRNO(sem_timedwait(&none, &at), ETIMEDOUT);
	at.tv_nsec = -1;
	CHECK_ERRNO(sem_timedwait(&none, &at), EINVAL);

	at = check_after(CLOCK_REALTIME, 3600 * 1000L);
	CHECK_RC(pthread_create(&tid, NULL, post_none, NULL), 0);
	CHECK(sem_timedwait(&none, &at) == 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
	at = check_after(CLOCK_MONOTONIC, 3600 * 1000L);
	CHECK_RC(pthread_create(&tid, NULL, post_none, NULL), 0);
	CHECK(sem_clockwait(&none, CLOCK_MONOTONIC, &at) == 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
}

int main(int argc, char **argv)
{
	pthread_t tid[THREADS];
	int value;

	CHECK(sem_init(&mutex, 0, 1) == 0 && sem_init(&items, 0, 0) == 0);
	CHECK(sem_init(&none, 0, 0) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, i % 2 ? add : take, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(counter == ROUNDS * THREADS / 2);
	CHECK(sem_getvalue(&items, &value) == 0 && value == 0);
	CHECK(sem_getvalue(&mutex, &value) == 0 && value == 1);
	CHECK(sem_trywait(&mutex) == 0);
	timed(check_second(argc, argv));
	CHECK(sem_destroy(&mutex) == 0);
	CHECK(sem_init(&mutex, 0, SEM_VALUE_MAX) == 0);
	CHECK_ERRNO(sem_post(&mutex), EOVERFLOW);
	return check_done(__FILE__);
}
