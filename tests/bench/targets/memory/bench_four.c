/*
 * Four threads that each add to a counter of all three times: about 30 scheduling points. With an
 * argument N it is the reference for a search of itself, built without frontrun: N times a fork,
 * the same threads in the child, and the wait for its end, on one CPU; prints how many a second.
 */
#include <pthread.h>
#include <stddef.h>

#include "tests/bench/targets/fork_loop.h"

#define THREADS 4
#define ROUNDS 3

static volatile int visits;

static void *visit(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		visits++;
	return unused;
}

static int four(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, visit, NULL))
			return 2;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

int main(int argc, char **argv)
{
	return fork_loop(argc, argv, four);
}
