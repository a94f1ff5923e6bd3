/*
 * pthread_once: contended, an initialiser that runs another one, and an initialiser that is
 * cancelled half-way, so that a waiting thread has to run it again.
 */
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

enum { THREADS = 6 };

static pthread_once_t outer = PTHREAD_ONCE_INIT, inner = PTHREAD_ONCE_INIT;
static pthread_once_t fragile = PTHREAD_ONCE_INIT;
static sem_t inside, never;
static int outer_runs, inner_runs, fragile_runs, fragile_done;

static void init_inner(void)
{
	inner_runs++;
}

static void init_outer(void)
{
	sched_yield();
	CHECK_RC(pthread_once(&inner, init_inner), 0);
	CHECK(inner_runs == 1);
	outer_runs++;
}

static void init_fragile(void)
{
	if (++fragile_runs == 1) {
		sem_post(&inside);
		sem_wait(&never);
	}
	fragile_done = 1;
}

static void *user(void *unused)
{
	CHECK_RC(pthread_once(&outer, init_outer), 0);
	CHECK(outer_runs == 1);
	return unused;
}

static void *fragile_user(void *unused)
{
	CHECK_RC(pthread_once(&fragile, init_fragile), 0);
	CHECK(fragile_done);
	return unused;
}

int main(void)
{
	pthread_t tid[THREADS], first;
	void *value;

	CHECK(sem_init(&inside, 0, 0) == 0 && sem_init(&never, 0, 0) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, user, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(outer_runs == 1 && inner_runs == 1);

	CHECK_RC(pthread_create(&first, NULL, fragile_user, NULL), 0);
	while (sem_wait(&inside) == -1)
		CHECK(errno == EINTR);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, fragile_user, NULL), 0);
	CHECK_RC(pthread_cancel(first), 0);
	CHECK_RC(pthread_join(first, &value), 0);
	CHECK(value == PTHREAD_CANCELED);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(fragile_runs == 2);
	return check_done(__FILE__);
}
