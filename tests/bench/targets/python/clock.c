/*
 * For Python programs that measure themselves, by ctypes: the thread's CPU time, also under the
 * scheduler.
 */
#include "tests/bench/targets/bench.h"

double thread_nanoseconds(void);
int empty_trace(void);

double thread_nanoseconds(void)
{
	return bench_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* A trace function for PyEval_SetTrace() that does nothing. */
int empty_trace(void)
{
	return 0;
}
