/*
 * wrong_waiter.c put right: a change of the till wakes all, and each looks whether it was meant.
 * Arguments: threads (one producer, the others consumers), padding events.
 */
#include "size.h"

static pthread_mutex_t till_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t till_changed = PTHREAD_COND_INITIALIZER;
static int coins, consumers;

static void *producer(void *unused)
{
	size_pad();
	for (int i = 0; i < consumers; i++) {
		pthread_mutex_lock(&till_lock);
		while (coins == 1)
			pthread_cond_wait(&till_changed, &till_lock);
		coins++;
		pthread_cond_broadcast(&till_changed);
		pthread_mutex_unlock(&till_lock);
	}
	return unused;
}

static void *consumer(void *unused)
{
	size_pad();
	pthread_mutex_lock(&till_lock);
	while (coins == 0)
		pthread_cond_wait(&till_changed, &till_lock);
	coins--;
	pthread_cond_broadcast(&till_changed);
	pthread_mutex_unlock(&till_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 3);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	consumers = threads - 1;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? consumer : producer, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
