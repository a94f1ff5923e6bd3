/*
 * Robust mutexes: the owner ends with the mutex held, the next one gets EOWNERDEAD, makes it
 * consistent or not (then ENOTRECOVERABLE); by lock, trylock and timedlock, also while waiting.
 */
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock;
static sem_t held, let_go;

static void *die_holding(void *unused)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	sem_post(&held);
	while (sem_wait(&let_go) == -1)
		CHECK(errno == EINTR);
	return unused;
}

static void start(pthread_t *tid)
{
	CHECK_RC(pthread_create(tid, NULL, die_holding, NULL), 0);
	while (sem_wait(&held) == -1)
		CHECK(errno == EINTR);
}

int main(void)
{
	pthread_mutexattr_t attr;
	struct timespec at;
	pthread_t tid;

	CHECK(sem_init(&held, 0, 0) == 0 && sem_init(&let_go, 0, 0) == 0);
	CHECK_RC(pthread_mutexattr_init(&attr), 0);
	CHECK_RC(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
	CHECK_RC(pthread_mutex_init(&lock, &attr), 0);

	/* The owner dies while we wait. */
	start(&tid);
	CHECK_RC(pthread_mutex_trylock(&lock), EBUSY);
	sem_post(&let_go);
	CHECK_RC(pthread_mutex_lock(&lock), EOWNERDEAD);
	CHECK_RC(pthread_mutex_consistent(&lock), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);

	/* The owner is dead before we come. */
	start(&tid);
	sem_post(&let_go);
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK_RC(pthread_mutex_trylock(&lock), EOWNERDEAD);
	CHECK_RC(pthread_mutex_consistent(&lock), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);

	start(&tid);
	sem_post(&let_go);
	at = check_after(CLOCK_REALTIME, 3600 * 1000L);
	CHECK_RC(pthread_mutex_timedlock(&lock, &at), EOWNERDEAD);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	CHECK_RC(pthread_mutex_lock(&lock), ENOTRECOVERABLE);
	CHECK_RC(pthread_mutex_trylock(&lock), ENOTRECOVERABLE);
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK_RC(pthread_mutex_destroy(&lock), 0);
	return check_done(__FILE__);
}
