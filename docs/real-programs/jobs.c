/* A job queue whose clients wait for the result with a time-out. BUG: a client that gives up frees
 * its job, though a worker may have it: the worker writes into freed memory (here: a slot that is
 * used again, so the next client gets a wrong result). */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <stdio.h>
enum { FREE, QUEUED, TAKEN, DONE };
static struct job {
	int state, input, result;
} slot;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int stop;
static void *worker(void *unused)
{
	pthread_mutex_lock(&mutex);
	for (;;) {
		while (slot.state != QUEUED && !stop)
			pthread_cond_wait(&changed, &mutex);
		if (stop)
			break;
		int input = slot.input;
		slot.state = TAKEN;
		pthread_mutex_unlock(&mutex);
		int result = input * 2; /* takes its time */
		pthread_mutex_lock(&mutex);
		slot.result = result;
		slot.state = DONE;
		pthread_cond_broadcast(&changed);
	}
	pthread_mutex_unlock(&mutex);
	return unused;
}
static int ask(int input, int *result)
{
	struct timespec until;
	int rc = 0;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	pthread_mutex_lock(&mutex);
	slot.input = input;
	slot.state = QUEUED;
	pthread_cond_broadcast(&changed);
	while (slot.state != DONE && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&changed, &mutex, &until);
#ifndef BUG
	while (slot.state == TAKEN) /* not ours to give away before it comes back */
		pthread_cond_wait(&changed, &mutex);
#endif
	int done = slot.state == DONE;
	*result = slot.result;
	slot.state = FREE;
	pthread_mutex_unlock(&mutex);
	return done;
}
int main(void)
{
	pthread_t thread;
	int result;
	pthread_create(&thread, NULL, worker, NULL);
	for (int i = 1; i <= 2; i++)
		if (ask(i, &result))
			assert(result == 2 * i);
	pthread_mutex_lock(&mutex);
	stop = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	return 0;
}
