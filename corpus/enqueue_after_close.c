/*
 * A customer looks whether the bank is closing and then hands in an order; between the two the bank
 * has drained its queue and closed: the order is never carried out.
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
	int too_late = closing;
	pthread_mutex_unlock(&queue_lock);
	if (too_late)
		return unused;
	pthread_mutex_lock(&queue_lock);
	assert(!closed);
	orders++;
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
