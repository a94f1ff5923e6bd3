/*
 * The thread's CPU time for Python programs that measure themselves under the scheduler, by ctypes.
 */
#include "tests/bench/targets/bench.h"

double thread_nanoseconds(void);

double thread_nanoseconds(void)
{
	return bench_clock(CLOCK_THREAD_CPUTIME_ID);
}
