/*
 * ring_overtaken.c put right: a teller keeps the head from the look until it has taken the order.
 * Arguments: threads (tellers, who find a single order), padding events.
 */
#include <assert.h>
#include "size.h"

#define SLOTS 8

static pthread_mutex_t head_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t tail_lock = PTHREAD_MUTEX_INITIALIZER;
static int head, tail, ring[SLOTS];

/* For one who holds head_lock. */
static int ring_is_empty(void)
{
	pthread_mutex_lock(&tail_lock);
	int empty = head == tail;
	pthread_mutex_unlock(&tail_lock);
	return empty;
}

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&head_lock);
	if (!ring_is_empty()) {
		int order = ring[head % SLOTS];
		ring[head++ % SLOTS] = 0;
		assert(order != 0);
	}
	pthread_mutex_unlock(&head_lock);
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
