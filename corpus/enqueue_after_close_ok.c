/*
 * enqueue_after_close.c put right: the look and the order stand in one critical section.
 * Arguments: threads (one manager, the others customers), padding events.
 */
#include <assert.h>
#include "size.h"

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static int closing, closed, orders;

static void *customer(void *unused)
{
	size_pad();
	pthread_mutex_lock(&queue_lock);
	if (!closing) {
		assert(!closed);
		orders++;
	}
	pthread_mutex_unlock(&queue_lock);
	return unused;
}

static void *manager(void *unused)
{
	size_pad();
	pthread_mutex_lock(&queue_lock);
	closing = 1;
	pthread_mutex_unlock(&queue_lock);
	pthread_mutex_lock(&queue_lock);
	orders = 0;
	closed = 1;
	pthread_mutex_unlock(&queue_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? customer : manager, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
