/*
 * The smallest program that frontrun fuzz can search: two threads lock a mutex once each.
 * `bench_pair N` is the reference for its speed: N times a fork, the same two threads in the child,
 * and the wait for its end, on one CPU and with nothing else; prints how many a second.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/targets/bench.h"

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
		return pair();
	pin();
	start = bench_clock(CLOCK_MONOTONIC);
	for (long i = 0; i < runs; i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			exit(pair());
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			return 2;
	}
	printf("%.1f\n", (double)runs * 1e9 / (bench_clock(CLOCK_MONOTONIC) - start));
	return 0;
}
