/*
 * A thread spins on a plain volatile flag without any call until main sets it: it never reaches a
 * scheduling point, and only a supervisor from outside can take the CPU from it.
 */
#include <pthread.h>
#include "tests/targets/check.h"

static volatile int flag;

static void *spin(void *unused)
{
	while (!flag)
		;
	return unused;
}

int main(void)
{
	pthread_t tid;

	CHECK_RC(pthread_create(&tid, NULL, spin, NULL), 0);
	for (int i = 0; i < 10; i++)
		sched_yield();
	flag = 1;
	CHECK_RC(pthread_join(tid, NULL), 0);
	return check_done(__FILE__);
}
