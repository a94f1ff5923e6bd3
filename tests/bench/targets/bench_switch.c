/*
 * What a switch between two threads costs.
 *
 *	bench_switch yield N	both threads call sched_yield() N times: under a recorder each call
 *				is a switch
 *	bench_switch futex N	the reference: the barest hand-over there is, FUTEX_WAKE and
 *				FUTEX_WAIT on one CPU, N times each, nothing else
 *
 * Prints nanoseconds of CPU time of the process for one switch.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/targets/bench.h"

static long rounds;
static int turn[2];

static void *yield(void *unused)
{
	for (long i = 0; i < rounds; i++)
		sched_yield();
	return unused;
}

static void wait_for_turn(int me)
{
	while (!__atomic_load_n(&turn[me], __ATOMIC_ACQUIRE))
		bench_syscall(SYS_futex, (long)&turn[me], FUTEX_WAIT_PRIVATE, 0, 0);
	turn[me] = 0;
}

static void give_turn(int next)
{
	__atomic_store_n(&turn[next], 1, __ATOMIC_RELEASE);
	bench_syscall(SYS_futex, (long)&turn[next], FUTEX_WAKE_PRIVATE, 1, 0);
}

static void *answer(void *unused)
{
	for (long i = 0; i < rounds; i++) {
		wait_for_turn(1);
		give_turn(0);
	}
	return unused;
}

static int pin(void)
{
	cpu_set_t allowed, one;
	int cpu;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return -1;
	CPU_ZERO(&one);
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &allowed); cpu--)
		;
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

int main(int argc, char **argv)
{
	pthread_t other;
	double begin, end;
	int futex;

	if (argc != 3 || (rounds = atol(argv[2])) <= 0)
		return 2;
	futex = strcmp(argv[1], "futex") == 0;
	if (futex && pin() != 0)
		return 1;
	begin = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	if (pthread_create(&other, NULL, futex ? answer : yield, NULL) != 0)
		return 1;
	for (long i = 0; i < rounds; i++) {
		if (futex) {
			give_turn(1);
			wait_for_turn(0);
		} else {
			sched_yield();
		}
	}
	pthread_join(other, NULL);
	end = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	printf("%.1f\n", (end - begin) / (2.0 * (double)rounds));
	return 0;
}
