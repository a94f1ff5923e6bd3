/* Spin locks: exclusion under contention, trylock while another thread holds the lock. */
#include <pthread.h>
#include "tests/targets/check.h"

enum { THREADS = 4, ROUNDS = 50 };

static pthread_spinlock_t lock;
static int counter;

static void *add(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_RC(pthread_spin_lock(&lock), 0);
		counter++;
		CHECK_RC(pthread_spin_unlock(&lock), 0);
	}
	return unused;
}

static void *try(void *unused)
{
	CHECK_RC(pthread_spin_trylock(&lock), EBUSY);
	return unused;
}

int main(void)
{
	pthread_t tid[THREADS];

	CHECK_RC(pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, add, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(counter == THREADS * ROUNDS);
	CHECK_RC(pthread_spin_trylock(&lock), 0);
	CHECK_RC(pthread_create(&tid[0], NULL, try, NULL), 0);
	CHECK_RC(pthread_join(tid[0], NULL), 0);
	CHECK_RC(pthread_spin_unlock(&lock), 0);
	CHECK_RC(pthread_spin_destroy(&lock), 0);
	return check_done(__FILE__);
}
