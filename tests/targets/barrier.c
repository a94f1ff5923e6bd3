/*
 * Barriers: nobody passes before all have come, exactly one thread is the serial one each time, and
 * the same barrier is used again at once.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "tests/targets/check.h"

enum { THREADS = 5, ROUNDS = 30 };

static pthread_barrier_t barrier;
static atomic_int arrived, serial;

static void *body(void *unused)
{
	for (int round = 1; round <= ROUNDS; round++) {
		arrived++;

		int rc = pthread_barrier_wait(&barrier);

		CHECK(rc == 0 || rc == PTHREAD_BARRIER_SERIAL_THREAD);
		CHECK(arrived >= round * THREADS);
		if (rc == PTHREAD_BARRIER_SERIAL_THREAD)
			serial++;
		/* Keeps a fast thread from counting itself into the round that others check. */
		pthread_barrier_wait(&barrier);
		CHECK(serial == round);
		pthread_barrier_wait(&barrier);
	}
	return unused;
}

int main(void)
{
	pthread_t tid[THREADS];

	CHECK_RC(pthread_barrier_init(&barrier, NULL, 0), EINVAL);
	CHECK_RC(pthread_barrier_init(&barrier, NULL, 1), 0);
	CHECK(pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
	CHECK_RC(pthread_barrier_destroy(&barrier), 0);
	CHECK_RC(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(arrived == THREADS * ROUNDS && serial == ROUNDS);
	CHECK_RC(pthread_barrier_destroy(&barrier), 0);
	return check_done(__FILE__);
}
