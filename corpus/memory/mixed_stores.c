/*
 * Each writer sets two variables to its own number, one after the other: in the end they may
 * hold the numbers of two writers.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static long first, second;

static void *writer(void *number)
{
	size_pad();
	first = (long)number;
	second = (long)number;
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
