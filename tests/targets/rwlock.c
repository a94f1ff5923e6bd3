/*
 * Readers-writer locks: exclusion, several readers at once, all try and timed forms, error cases.
 * Writer preference is in rwlock_writer.c.
 */
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

enum { THREADS = 4, ROUNDS = 40 };

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t together;
static sem_t held, let_go;
static int value, copy;

static void *reader(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_RC(pthread_rwlock_rdlock(&lock), 0);
		CHECK(value == copy);
		CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	}
	/* All readers hold the lock at once, or this never ends. */
	CHECK_RC(pthread_rwlock_rdlock(&lock), 0);
	pthread_barrier_wait(&together);
	CHECK_RC(pthread_rwlock_tryrdlock(&lock), 0);
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	CHECK_RC(pthread_rwlock_trywrlock(&lock), EBUSY);
	pthread_barrier_wait(&together);
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	return unused;
}

static void *writer(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_RC(pthread_rwlock_wrlock(&lock), 0);
		value++;
		sched_yield();
		copy++;
		CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	}
	return unused;
}

static void *hold(void *for_writing)
{
	CHECK_RC(for_writing ? pthread_rwlock_wrlock(&lock) : pthread_rwlock_rdlock(&lock), 0);
	sem_post(&held);
	while (sem_wait(&let_go) == -1)
		CHECK(errno == EINTR);
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	return NULL;
}

static pthread_t start_holder(int for_writing)
{
	pthread_t tid;

	CHECK_RC(pthread_create(&tid, NULL, hold, for_writing ? &lock : NULL), 0);
	while (sem_wait(&held) == -1)
		CHECK(errno == EINTR);
	return tid;
}

static void timed(int second)
{
	struct timespec real = check_after(CLOCK_REALTIME, second);
	struct timespec late = check_after(CLOCK_REALTIME, 3600 * 1000L);
	struct timespec mono;
	pthread_t tid = start_holder(1);

	CHECK_RC(pthread_rwlock_tryrdlock(&lock), EBUSY);
	CHECK_RC(pthread_rwlock_trywrlock(&lock), EBUSY);
	CHECK_RC(pthread_rwlock_timedrdlock(&lock, &real), ETIMEDOUT);
	CHECK_RC(pthread_rwlock_timedwrlock(&lock, &real), ETIMEDOUT);
	mono = check_after(CLOCK_MONOTONIC, second);
	CHECK_RC(pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &mono), ETIMEDOUT);
	CHECK_RC(pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &mono), ETIMEDOUT);
	sem_post(&let_go);
	CHECK_RC(pthread_rwlock_timedrdlock(&lock, &late), 0);
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);

	tid = start_holder(0);
	CHECK_RC(pthread_rwlock_timedrdlock(&lock, &late), 0);
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	real = check_after(CLOCK_REALTIME, second);
	CHECK_RC(pthread_rwlock_timedwrlock(&lock, &real), ETIMEDOUT);
	sem_post(&let_go);
	mono = check_after(CLOCK_MONOTONIC, 3600 * 1000L);
	CHECK_RC(pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &mono), 0);
	CHECK_RC(pthread_rwlock_rdlock(&lock), EDEADLK);
	CHECK_RC(pthread_rwlock_wrlock(&lock), EDEADLK);
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
}

int main(int argc, char **argv)
{
	pthread_t tid[THREADS];

	CHECK(sem_init(&held, 0, 0) == 0 && sem_init(&let_go, 0, 0) == 0);
	CHECK_RC(pthread_barrier_init(&together, NULL, THREADS / 2), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, i % 2 ? reader : writer, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(value == ROUNDS * THREADS / 2 && copy == value);
	timed(check_second(argc, argv));
	CHECK_RC(pthread_rwlock_destroy(&lock), 0);
	return check_done(__FILE__);
}
