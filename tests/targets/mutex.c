/*
 * Every type of mutex under contention and in its error cases: normal, recursive, error-checking,
 * adaptive, priority-inheriting, by static initialiser and by attribute; trylock.
 */
#include <pthread.h>
#include "tests/targets/check.h"

enum { THREADS = 4, ROUNDS = 50 };

static pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t inheriting;
static pthread_mutex_t *const all[] = { &normal, &recursive, &checking, &adaptive, &inheriting };
static int counter[5];

static void *add(void *unused)
{
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 5; i++) {
			int depth = all[i] == &recursive ? 3 : 1;

			for (int n = 0; n < depth; n++)
				CHECK_RC(pthread_mutex_lock(all[i]), 0);
			counter[i]++;
			for (int n = 0; n < depth; n++)
				CHECK_RC(pthread_mutex_unlock(all[i]), 0);
		}
	}
	return unused;
}

static void *try_from_outside(void *unused)
{
	for (int i = 0; i < 5; i++)
		CHECK_RC(pthread_mutex_trylock(all[i]), EBUSY);
	CHECK_RC(pthread_mutex_unlock(&checking), EPERM);
	CHECK_RC(pthread_mutex_unlock(&recursive), EPERM);
	return unused;
}

int main(void)
{
	pthread_mutexattr_t attr;
	pthread_t tid[THREADS];

	CHECK_RC(pthread_mutexattr_init(&attr), 0);
	CHECK_RC(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT), 0);
	CHECK_RC(pthread_mutex_init(&inheriting, &attr), 0);
	CHECK_RC(pthread_mutexattr_destroy(&attr), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, add, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	for (int i = 0; i < 5; i++)
		CHECK(counter[i] == THREADS * ROUNDS);

	for (int i = 0; i < 5; i++)
		CHECK_RC(pthread_mutex_trylock(all[i]), 0);
	CHECK_RC(pthread_mutex_lock(&checking), EDEADLK);
	CHECK_RC(pthread_mutex_trylock(&checking), EBUSY);
	CHECK_RC(pthread_mutex_trylock(&recursive), 0);
	CHECK_RC(pthread_mutex_unlock(&recursive), 0);
	CHECK_RC(pthread_create(&tid[0], NULL, try_from_outside, NULL), 0);
	CHECK_RC(pthread_join(tid[0], NULL), 0);
	for (int i = 0; i < 5; i++)
		CHECK_RC(pthread_mutex_unlock(all[i]), 0);
	CHECK_RC(pthread_mutex_unlock(&checking), EPERM);
	for (int i = 0; i < 5; i++)
		CHECK_RC(pthread_mutex_destroy(all[i]), 0);
	return check_done(__FILE__);
}
