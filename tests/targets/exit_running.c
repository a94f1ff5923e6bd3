/*
 * main returns while threads run and wait; handlers of atexit run in reverse order, one of them
 * takes a lock that the threads use; destructors of the executable run after them.
 */
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t started;

static void *work(void *unused)
{
	sem_post(&started);
	for (;;) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
		sched_yield();
	}
	return unused;
}

static void *wait_for_ever(void *unused)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	sem_post(&started);
	for (;;)
		CHECK_RC(pthread_cond_wait(&never, &lock), 0);
	return unused;
}

static void registered_first(void)
{
	printf("first registered, last run\n");
}

static void registered_last(void)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	printf("last registered, first run\n");
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
}

__attribute__((destructor)) static void destructor(void)
{
	check_done(__FILE__);
}

int main(void)
{
	pthread_t tid;

	CHECK(sem_init(&started, 0, 0) == 0);
	CHECK(atexit(registered_first) == 0 && atexit(registered_last) == 0);
	CHECK_RC(pthread_create(&tid, NULL, work, NULL), 0);
	CHECK_RC(pthread_create(&tid, NULL, wait_for_ever, NULL), 0);
	for (int i = 0; i < 2; i++)
		while (sem_wait(&started) == -1)
			CHECK(errno == EINTR);
	return 0;
}
