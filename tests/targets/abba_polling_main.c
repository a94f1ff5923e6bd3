/*
 * Two threads lock two accounts in opposite orders while main polls with usleep until both are
 * done. When they deadlock main still runs: only a cycle in who waits for whom tells it. With the
 * argument `force` they always deadlock.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "tests/targets/check.h"

static pthread_mutex_t alice = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t bob = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold_one;
static atomic_int done;
static int force;

static void transfer(pthread_mutex_t *from, pthread_mutex_t *to)
{
	CHECK_RC(pthread_mutex_lock(from), 0);
	if (force)
		pthread_barrier_wait(&both_hold_one);
	CHECK_RC(pthread_mutex_lock(to), 0);
	CHECK_RC(pthread_mutex_unlock(to), 0);
	CHECK_RC(pthread_mutex_unlock(from), 0);
	done++;
}

static void *forth(void *unused)
{
	transfer(&alice, &bob);
	return unused;
}

static void *back(void *unused)
{
	transfer(&bob, &alice);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t tid[2];

	force = argc > 1 && strcmp(argv[1], "force") == 0;
	CHECK_RC(pthread_barrier_init(&both_hold_one, NULL, 2), 0);
	CHECK_RC(pthread_create(&tid[0], NULL, forth, NULL), 0);
	CHECK_RC(pthread_create(&tid[1], NULL, back, NULL), 0);
	while (done < 2)
		usleep(1000);
	CHECK_RC(pthread_join(tid[0], NULL), 0);
	CHECK_RC(pthread_join(tid[1], NULL), 0);
	return check_done(__FILE__);
}
