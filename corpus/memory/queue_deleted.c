/*
 * Main frees the queue when the work is done, while a worker is still about to unlock it (as
 * pbzip2 did).
 * Arguments: threads, padding events.
 */
#include "../size.h"

struct queue {
	pthread_mutex_t lock;
	int left;
};

static void *worker(void *argument)
{
	struct queue *queue = argument;

	size_pad();
	pthread_mutex_lock(&queue->lock);
	__atomic_sub_fetch(&queue->left, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2) - 1;
	pthread_t *tid = calloc(threads, sizeof(*tid));
	struct queue *queue = calloc(1, sizeof(*queue));

	pthread_mutex_init(&queue->lock, NULL);
	queue->left = threads;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, worker, queue);
	while (__atomic_load_n(&queue->left, __ATOMIC_SEQ_CST))
		;
	free(queue);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
