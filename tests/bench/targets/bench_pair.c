/*
 * The smallest program that frontrun fuzz can search: two threads lock a mutex once each.
 * `bench_pair N` is the reference for its speed: N times a fork, the same two threads in the child,
 * and the wait for its end, on one CPU and with nothing else; prints how many a second.
 */
#include <pthread.h>
#include <stddef.h>

#include "tests/bench/targets/fork_loop.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int visits;

static void *visit(void *unused)
{
	pthread_mutex_lock(&lock);
	visits++;
	pthread_mutex_unlock(&lock);
	return unused;
}

static int pair(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, visit, NULL))
			return 2;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return visits != 2;
}

int main(int argc, char **argv)
{
	return fork_loop(argc, argv, pair);
}
