/*
 * The clocks of the kernel, for programs that measure themselves under the scheduler. Not libc's:
 * the runtime makes those virtual, also by way of syscall(2), so the system call is made here.
 */
#ifndef BENCH_H
#define BENCH_H

#include <sys/syscall.h>
#include <time.h>

static inline long bench_syscall(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

/* Nanoseconds of a clock: CLOCK_THREAD_CPUTIME_ID, CLOCK_PROCESS_CPUTIME_ID, CLOCK_MONOTONIC. */
static inline double bench_clock(clockid_t clock)
{
	struct timespec now;

	bench_syscall(SYS_clock_gettime, clock, (long)&now, 0, 0);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

#endif
