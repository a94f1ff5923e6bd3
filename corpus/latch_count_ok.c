/*
 * latch_count.c put right: a worker counts down whether its withdrawal succeeded or not.
 * Arguments: threads (one depositor, the others withdraw), padding events.
 */
#include "size.h"

static pthread_mutex_t bank_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t worker_done = PTHREAD_COND_INITIALIZER;
static int balance, running;

static void count_down(void)
{
	pthread_mutex_lock(&bank_lock);
	running--;
	pthread_cond_signal(&worker_done);
	pthread_mutex_unlock(&bank_lock);
}

static void *worker(void *amount)
{
	size_pad();
	pthread_mutex_lock(&bank_lock);
	int enough = balance + (long)amount >= 0;
	if (enough)
		balance += (long)amount;
	pthread_mutex_unlock(&bank_lock);
	count_down();
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	running = threads;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, worker, (void *)(i ? -10L : 1000000L));
	pthread_mutex_lock(&bank_lock);
	while (running > 0)
		pthread_cond_wait(&worker_done, &bank_lock);
	pthread_mutex_unlock(&bank_lock);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
