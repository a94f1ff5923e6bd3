/*
 * Addresses that are used again for other objects: mutexes, condition variables and semaphores in
 * memory that is freed and allocated again, with and without destroy, one kind after the other at
 * the same address.
 */
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

enum { THREADS = 4, ROUNDS = 100 };

union object {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_rwlock_t rwlock;
	sem_t sem;
	char space[256];
};

struct account {
	pthread_mutex_t lock;
	int balance;
};

static union object *shared;
static pthread_barrier_t barrier;
static int counter;

/* Each thread makes and drops accounts: malloc hands the same address to one after the other. */
static void churn(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct account *account = malloc(sizeof(*account));

		CHECK(account);
		CHECK_RC(pthread_mutex_init(&account->lock, NULL), 0);
		account->balance = i;
		CHECK_RC(pthread_mutex_lock(&account->lock), 0);
		account->balance++;
		CHECK_RC(pthread_mutex_unlock(&account->lock), 0);
		if (i % 2)
			CHECK_RC(pthread_mutex_destroy(&account->lock), 0);
		free(account);
	}
}

/* All threads use the one object, which is another kind of thing in each phase. */
static void use(int phase)
{
	switch (phase % 3) {
	case 0:
		CHECK_RC(pthread_mutex_lock(&shared->mutex), 0);
		counter++;
		CHECK_RC(pthread_mutex_unlock(&shared->mutex), 0);
		break;
	case 1:
		while (sem_wait(&shared->sem) == -1)
			CHECK(errno == EINTR);
		counter++;
		CHECK(sem_post(&shared->sem) == 0);
		break;
	case 2:
		CHECK_RC(pthread_rwlock_wrlock(&shared->rwlock), 0);
		counter++;
		CHECK_RC(pthread_rwlock_unlock(&shared->rwlock), 0);
		break;
	}
}

static void change(int phase)
{
	memset(shared, 0, sizeof(*shared));
	if (phase % 3 == 0)
		CHECK_RC(pthread_mutex_init(&shared->mutex, NULL), 0);
	else if (phase % 3 == 1)
		CHECK(sem_init(&shared->sem, 0, 1) == 0);
	else
		CHECK_RC(pthread_rwlock_init(&shared->rwlock, NULL), 0);
}

static void *body(void *unused)
{
	churn();
	for (int phase = 0; phase < 12; phase++) {
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			change(phase);
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < 5; i++)
			use(phase);
	}
	return unused;
}

int main(void)
{
	pthread_t tid[THREADS];

	shared = calloc(1, sizeof(*shared));
	CHECK(shared);
	CHECK_RC(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(counter == THREADS * 12 * 5);
	free(shared);
	return check_done(__FILE__);
}
