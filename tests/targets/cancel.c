/*
 * pthread_cancel at cancellation points where a thread blocks (condition wait, semaphore, pipe,
 * sleep, join, testcancel), cleanup handlers, the disabled state and the asynchronous type.
 */
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t empty, ready, go;
static int pipe_fd[2];
static int cleaned;
static pthread_t sleeper;

static void count(void *unused)
{
	(void)unused;
	cleaned++;
}

static void unlock_and_count(void *mutex)
{
	/* The wait took the mutex again before the handler was called. */
	CHECK_RC(pthread_mutex_unlock(mutex), 0);
	cleaned++;
}

static void *in_cond_wait(void *unused)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	pthread_cleanup_push(unlock_and_count, &lock);
	sem_post(&ready);
	for (;;)
		pthread_cond_wait(&never, &lock);
	pthread_cleanup_pop(0);
	return unused;
}

static void *in_sem_wait(void *unused)
{
	pthread_cleanup_push(count, NULL);
	sem_post(&ready);
	sem_wait(&empty);
	pthread_cleanup_pop(0);
	return unused;
}

static void *in_read(void *unused)
{
	char byte;

	pthread_cleanup_push(count, NULL);
	sem_post(&ready);
	CHECK(read(pipe_fd[0], &byte, 1) == 1);
	pthread_cleanup_pop(0);
	return unused;
}

static void *in_sleep(void *unused)
{
	pthread_cleanup_push(count, NULL);
	sem_post(&ready);
	sleep(100000);
	pthread_cleanup_pop(0);
	return unused;
}

static void *in_join(void *unused)
{
	pthread_cleanup_push(count, NULL);
	sem_post(&ready);
	pthread_join(sleeper, NULL);
	pthread_cleanup_pop(0);
	return unused;
}

static void *in_testcancel(void *unused)
{
	pthread_cleanup_push(count, NULL);
	sem_post(&ready);
	for (;;) {
		pthread_testcancel();
		sched_yield();
	}
	pthread_cleanup_pop(0);
	return unused;
}

static void *disabled(void *unused)
{
	int old;

	(void)unused;
	CHECK_RC(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old), 0);
	CHECK(old == PTHREAD_CANCEL_ENABLE);
	pthread_cleanup_push(count, NULL);
	sem_post(&ready);
	while (sem_wait(&go) == -1)
		CHECK(errno == EINTR);
	pthread_testcancel();
	cleaned += 10;
	CHECK_RC(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old), 0);
	pthread_testcancel();
	pthread_cleanup_pop(0);
	return NULL;
}

static void *asynchronous(void *unused)
{
	CHECK_RC(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL), 0);
	pthread_cleanup_push(count, NULL);
	sem_post(&ready);
	for (;;)
		sched_yield();
	pthread_cleanup_pop(0);
	return unused;
}

static pthread_t start(void *(*body)(void *))
{
	pthread_t tid;

	CHECK_RC(pthread_create(&tid, NULL, body, NULL), 0);
	while (sem_wait(&ready) == -1)
		CHECK(errno == EINTR);
	return tid;
}

static void cancelled(pthread_t tid, int add)
{
	int before = cleaned;
	void *value;

	CHECK_RC(pthread_cancel(tid), 0);
	CHECK_RC(pthread_join(tid, &value), 0);
	CHECK(value == PTHREAD_CANCELED);
	CHECK(cleaned == before + add);
}

int main(void)
{
	pthread_t tid;
	void *value;

	CHECK(sem_init(&empty, 0, 0) == 0 && sem_init(&ready, 0, 0) == 0);
	CHECK(sem_init(&go, 0, 0) == 0 && pipe(pipe_fd) == 0);
	cancelled(start(in_cond_wait), 1);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	cancelled(start(in_sem_wait), 1);
	cancelled(start(in_read), 1);
	sleeper = start(in_sleep);
	cancelled(start(in_join), 1);
	cancelled(sleeper, 1);
	cancelled(start(in_testcancel), 1);
	cancelled(start(asynchronous), 1);

	cleaned = 0;
	tid = start(disabled);
	CHECK_RC(pthread_cancel(tid), 0);
	sem_post(&go);
	CHECK_RC(pthread_join(tid, &value), 0);
	CHECK(value == PTHREAD_CANCELED && cleaned == 11);
	return check_done(__FILE__);
}
