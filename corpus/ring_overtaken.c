/*
 * A ring of orders with a lock for each end. A teller looks at both ends whether there is an order
 * and takes it in a later critical section: two see the last one, and the head passes the tail.
 * Arguments: threads (tellers, who find a single order), padding events.
 */
#include <assert.h>
#include "size.h"

#define SLOTS 8

static pthread_mutex_t head_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t tail_lock = PTHREAD_MUTEX_INITIALIZER;
static int head, tail, ring[SLOTS];

static int ring_is_empty(void)
{
	pthread_mutex_lock(&head_lock);
	int first = head;
	pthread_mutex_unlock(&head_lock);
	pthread_mutex_lock(&tail_lock);
	int empty = first == tail;
	pthread_mutex_unlock(&tail_lock);
	return empty;
}

static void *teller(void *unused)
{
	size_pad();
	if (ring_is_empty())
		return unused;
	pthread_mutex_lock(&head_lock);
	int order = ring[head % SLOTS];
	ring[head++ % SLOTS] = 0;
	pthread_mutex_unlock(&head_lock);
	assert(order != 0);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	ring[tail++] = 4711;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
