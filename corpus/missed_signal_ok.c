/*
 * missed_signal.c put right: the test and the wait stand in one critical section.
 * Arguments: threads (pairs, even), padding events.
 */
#include "size.h"

struct desk {
	pthread_mutex_t lock;
	pthread_cond_t served;
	int receipt;
};

static void *customer(void *arg)
{
	struct desk *desk = arg;

	size_pad();
	pthread_mutex_lock(&desk->lock);
	while (!desk->receipt)
		pthread_cond_wait(&desk->served, &desk->lock);
	pthread_mutex_unlock(&desk->lock);
	return NULL;
}

static void *clerk(void *arg)
{
	struct desk *desk = arg;

	size_pad();
	pthread_mutex_lock(&desk->lock);
	desk->receipt = 1;
	pthread_cond_signal(&desk->served);
	pthread_mutex_unlock(&desk->lock);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));
	struct desk *desk = calloc(threads, sizeof(*desk));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i % 2 ? clerk : customer, &desk[i / 2]);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(desk);
	free(tid);
	return 0;
}
