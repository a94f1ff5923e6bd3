/*
 * OpenMP: a parallel loop with a reduction, a critical section, a barrier and tasks. Its run-time
 * library creates threads and waits by futex system calls of its own.
 */
#include <omp.h>
#include "tests/targets/check.h"

int main(void)
{
	long sum = 0, critical = 0, tasks = 0;
	int arrived = 0, threads = 2;

#pragma omp parallel for num_threads(threads) reduction(+ : sum)
	for (int i = 1; i <= 1000; i++)
		sum += i;
	CHECK(sum == 500500);
#pragma omp parallel num_threads(threads)
	{
		for (int i = 0; i < 20; i++) {
#pragma omp critical
			critical++;
		}
#pragma omp atomic
		arrived++;
#pragma omp barrier
		CHECK(arrived == omp_get_num_threads());
#pragma omp single
		for (int i = 0; i < 10; i++) {
#pragma omp task
			{
#pragma omp atomic
				tasks++;
			}
		}
	}
	CHECK(critical % 20 == 0 && tasks == 10);
	return check_done(__FILE__);
}
