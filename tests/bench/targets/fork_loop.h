/*
 * The reference for a search: nothing but fork, the program in the child, and the wait for its end,
 * on one CPU.
 */
#ifndef FORK_LOOP_H
#define FORK_LOOP_H

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/targets/bench.h"

static inline void fork_loop_pin(void)
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

/*
 * With an argument N runs `program` N times, each in a child of its own, and prints how many a
 * second; else once, here. The exit status of main().
 */
static inline int fork_loop(int argc, char **argv, int (*program)(void))
{
	long runs = argc > 1 ? atol(argv[1]) : 0;
	double start;

	if (runs <= 0)
		return program();
	fork_loop_pin();
	start = bench_clock(CLOCK_MONOTONIC);
	for (long i = 0; i < runs; i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			exit(program());
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			return 2;
	}
	printf("%.1f\n", (double)runs * 1e9 / (bench_clock(CLOCK_MONOTONIC) - start));
	return 0;
}

#endif
