/*
 * pthread_create and every form of join: values, attributes, tryjoin, timedjoin, clockjoin, detach,
 * EDEADLK for oneself. No cancellation, no pthread_exit (thread_exit.c).
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include "tests/targets/check.h"

static sem_t go, gone;

static void *twice(void *value)
{
	return (void *)(2 * (intptr_t)value);
}

static void *when_told(void *value)
{
	while (sem_wait(&go) == -1)
		CHECK(errno == EINTR);
	return value;
}

static void *nested(void *depth)
{
	pthread_t child;
	void *below;

	if ((intptr_t)depth == 0)
		return (void *)1;
	CHECK_RC(pthread_create(&child, NULL, nested, (void *)((intptr_t)depth - 1)), 0);
	CHECK_RC(pthread_join(child, &below), 0);
	return (void *)((intptr_t)below + 1);
}

static void *detached(void *unused)
{
	CHECK_RC(pthread_detach(pthread_self()), 0);
	sem_post(&gone);
	return unused;
}

static void *join_self(void *unused)
{
	CHECK_RC(pthread_join(pthread_self(), NULL), EDEADLK);
	return unused;
}

static void values(void)
{
	pthread_t tid[8];
	void *value;

	for (intptr_t i = 0; i < 8; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, twice, (void *)i), 0);
	for (intptr_t i = 7; i >= 0; i--) {
		CHECK_RC(pthread_join(tid[i], &value), 0);
		CHECK((intptr_t)value == 2 * i);
	}
	CHECK_RC(pthread_create(&tid[0], NULL, nested, (void *)5), 0);
	CHECK_RC(pthread_join(tid[0], &value), 0);
	CHECK((intptr_t)value == 6);
	CHECK_RC(pthread_create(&tid[0], NULL, join_self, NULL), 0);
	CHECK_RC(pthread_join(tid[0], NULL), 0);
}

static void timed(int second)
{
	struct timespec at;
	pthread_t tid;
	void *value;
	int rc;

	CHECK_RC(pthread_create(&tid, NULL, when_told, (void *)7), 0);
	CHECK_RC(pthread_tryjoin_np(tid, &value), EBUSY);
	at = check_after(CLOCK_REALTIME, second / 10);
	CHECK_RC(pthread_timedjoin_np(tid, &value, &at), ETIMEDOUT);
	at = check_after(CLOCK_MONOTONIC, second / 10);
	CHECK_RC(pthread_clockjoin_np(tid, &value, CLOCK_MONOTONIC, &at), ETIMEDOUT);
	sem_post(&go);
	at = check_after(CLOCK_REALTIME, 3600 * 1000L);
	CHECK_RC(pthread_timedjoin_np(tid, &value, &at), 0);
	CHECK((intptr_t)value == 7);

	CHECK_RC(pthread_create(&tid, NULL, when_told, (void *)8), 0);
	sem_post(&go);
	at = check_after(CLOCK_MONOTONIC, 3600 * 1000L);
	CHECK_RC(pthread_clockjoin_np(tid, &value, CLOCK_MONOTONIC, &at), 0);
	CHECK((intptr_t)value == 8);

	CHECK_RC(pthread_create(&tid, NULL, when_told, (void *)9), 0);
	sem_post(&go);
	while ((rc = pthread_tryjoin_np(tid, &value)) == EBUSY)
		sched_yield();
	CHECK(rc == 0 && (intptr_t)value == 9);
}

static void attributes(void)
{
	pthread_attr_t attr;
	pthread_t tid;
	int state;

	CHECK_RC(pthread_attr_init(&attr), 0);
	CHECK_RC(pthread_attr_setstacksize(&attr, 256 * 1024), 0);
	CHECK_RC(pthread_create(&tid, &attr, twice, NULL), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK_RC(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED), 0);
	CHECK_RC(pthread_attr_getdetachstate(&attr, &state), 0);
	CHECK(state == PTHREAD_CREATE_DETACHED);
	CHECK_RC(pthread_create(&tid, &attr, when_told, NULL), 0);
	CHECK_RC(pthread_join(tid, NULL), EINVAL);
	sem_post(&go);
	CHECK_RC(pthread_attr_destroy(&attr), 0);
	CHECK_RC(pthread_create(&tid, NULL, detached, NULL), 0);
	while (sem_wait(&gone) == -1)
		CHECK(errno == EINTR);
}

int main(int argc, char **argv)
{
	CHECK(sem_init(&go, 0, 0) == 0 && sem_init(&gone, 0, 0) == 0);
	values();
	timed(check_second(argc, argv));
	attributes();
	return check_done(__FILE__);
}
