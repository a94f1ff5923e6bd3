/*
 * Spin loops that give way: threads that wait for each other's flags with sched_yield only. Unfair
 * scheduling of a yielding thread would keep them spinning for ever.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include "tests/targets/check.h"

enum { THREADS = 4, ROUNDS = 20 };

static atomic_int turn;

static void *spin(void *me)
{
	for (int i = 0; i < ROUNDS; i++) {
		while (turn % THREADS != (int)(intptr_t)me)
			sched_yield();
		turn++;
	}
	return NULL;
}

int main(void)
{
	pthread_t tid[THREADS];

	for (intptr_t i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, spin, (void *)i), 0);
	while (turn < THREADS * ROUNDS)
		CHECK(sched_yield() == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(turn == THREADS * ROUNDS);
	return check_done(__FILE__);
}
