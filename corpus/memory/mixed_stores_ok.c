/*
 * As mixed_stores.c, but both are set under one lock.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static pthread_mutex_t both_lock = PTHREAD_MUTEX_INITIALIZER;
static long first, second;

static void *writer(void *number)
{
	size_pad();
	pthread_mutex_lock(&both_lock);
	first = (long)number;
	second = (long)number;
	pthread_mutex_unlock(&both_lock);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, writer, (void *)(long)(i + 1));
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	assert(first == second);
	return 0;
}
