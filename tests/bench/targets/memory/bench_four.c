/*
 * Four threads that each add to a counter of all three times: about 30 scheduling points. With an
 * argument N it is the reference for a search of itself, built without frontrun: N times a fork,
 * the same threads in the child, and the wait for its end, on one CPU; prints how many a second.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/targets/bench.h"

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

static void pin(void)
{
	cpu_set_t allowed, one;
	int cpu = CPU_SETSIZE - 1;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	while (cpu > 0 && !CPU_ISSET(cpu, &allowed))
		cpu--;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

int main(int argc, char **argv)
{
	long runs = argc > 1 ? atol(argv[1]) : 0;
	double start;

	if (runs <= 0)
		return four();
	pin();
	start = bench_clock(CLOCK_MONOTONIC);
	for (long i = 0; i < runs; i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			exit(four());
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			return 2;
	}
	printf("%.1f\n", (double)runs * 1e9 / (bench_clock(CLOCK_MONOTONIC) - start));
	return 0;
}
