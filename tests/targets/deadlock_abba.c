/*
 * Two threads that always deadlock: each takes its own lock, they meet at a barrier, then each
 * takes the other's.
 */
#include <pthread.h>
#include "tests/targets/check.h"

static pthread_mutex_t alice = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t bob = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold_one;

static void take(pthread_mutex_t *first, pthread_mutex_t *second)
{
	CHECK_RC(pthread_mutex_lock(first), 0);
	pthread_barrier_wait(&both_hold_one);
	CHECK_RC(pthread_mutex_lock(second), 0);
}

static void *forth(void *unused)
{
	take(&alice, &bob);
	return unused;
}

static void *back(void *unused)
{
	take(&bob, &alice);
	return unused;
}

int main(void)
{
	pthread_t tid[2];

	CHECK_RC(pthread_barrier_init(&both_hold_one, NULL, 2), 0);
	CHECK_RC(pthread_create(&tid[0], NULL, forth, NULL), 0);
	CHECK_RC(pthread_setname_np(tid[0], "alice"), 0);
	CHECK_RC(pthread_create(&tid[1], NULL, back, NULL), 0);
	CHECK_RC(pthread_setname_np(tid[1], "bob"), 0);
	CHECK_RC(pthread_join(tid[0], NULL), 0);
	CHECK_RC(pthread_join(tid[1], NULL), 0);
	return check_done(__FILE__);
}
