/*
 * What an access to memory costs: `private`, N reads of memory that no other thread uses; `calls`,
 * N calls of a function that does such a read; `shared`, N additions to a variable that another
 * thread has used, which is blocked meanwhile. Prints nanoseconds of this thread's CPU time for
 * one.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/targets/bench.h"

#define WORDS 1024

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER, waits = PTHREAD_COND_INITIALIZER;
static int waiting, open_now;
static volatile long shared;

static void *wait_at_gate(void *unused)
{
	pthread_mutex_lock(&gate);
	shared++;
	waiting = 1;
	pthread_cond_signal(&waits);
	while (!open_now)
		pthread_cond_wait(&opened, &gate);
	pthread_mutex_unlock(&gate);
	return unused;
}

static __attribute__((noinline)) long read_one(volatile long *from)
{
	return *from;
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 1000000, i, sum = 0;
	volatile long *own = calloc(WORDS, sizeof(*own));
	pthread_t other;
	double begin, end;

	if (argc < 2 || pthread_create(&other, NULL, wait_at_gate, NULL) != 0)
		return 1;
	pthread_mutex_lock(&gate);
	while (!waiting)
		pthread_cond_wait(&waits, &gate);
	pthread_mutex_unlock(&gate);

	begin = bench_clock(CLOCK_THREAD_CPUTIME_ID);
	if (!strcmp(argv[1], "shared"))
		for (i = 0; i < count / 2; i++)
			shared++; /* two accesses */
	else if (!strcmp(argv[1], "calls"))
		for (i = 0; i < count; i++)
			sum += read_one(&own[i % WORDS]);
	else
		for (i = 0; i < count; i++)
			sum += own[i % WORDS];
	end = bench_clock(CLOCK_THREAD_CPUTIME_ID);

	pthread_mutex_lock(&gate);
	open_now = 1;
	pthread_cond_signal(&opened);
	pthread_mutex_unlock(&gate);
	pthread_join(other, NULL);
	printf("%.2f\n", (end - begin) / (double)count);
	return sum != 0;
}
