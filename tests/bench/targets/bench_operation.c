/*
 * What one interposed operation costs when no other thread takes over: N pairs of lock and unlock
 * of a free mutex while a second thread is blocked. Prints nanoseconds of this thread's CPU time
 * for one operation (a pair is two). The argument is N, default 1,000,000.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/targets/bench.h"

static pthread_mutex_t measured = PTHREAD_MUTEX_INITIALIZER, gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER, waits = PTHREAD_COND_INITIALIZER;
static int waiting, open_now;

static void *wait_at_gate(void *unused)
{
	pthread_mutex_lock(&gate);
	waiting = 1;
	pthread_cond_signal(&waits);
	while (!open_now)
		pthread_cond_wait(&opened, &gate);
	pthread_mutex_unlock(&gate);
	return unused;
}

int main(int argc, char **argv)
{
	long pairs = argc > 1 ? atol(argv[1]) : 1000000, i;
	pthread_t other;
	double begin, end;

	if (pthread_create(&other, NULL, wait_at_gate, NULL) != 0)
		return 1;
	pthread_mutex_lock(&gate);
	while (!waiting)
		pthread_cond_wait(&waits, &gate);
	pthread_mutex_unlock(&gate);

	begin = bench_clock(CLOCK_THREAD_CPUTIME_ID);
	for (i = 0; i < pairs; i++) {
		pthread_mutex_lock(&measured);
		pthread_mutex_unlock(&measured);
	}
	end = bench_clock(CLOCK_THREAD_CPUTIME_ID);

	pthread_mutex_lock(&gate);
	open_now = 1;
	pthread_cond_signal(&opened);
	pthread_mutex_unlock(&gate);
	pthread_join(other, NULL);
	printf("%.2f\n", (end - begin) / (2.0 * (double)pairs));
	return 0;
}
