/*
 * The parent gives each thread the address of its loop variable, which goes on before they read
 * it.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static int taken[128];

static void *worker(void *argument)
{
	size_pad();
	int number = *(int *)argument;

	__atomic_add_fetch(&taken[number], 1, __ATOMIC_SEQ_CST);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));
	int i;

	for (i = 0; i < threads; i++) {
		pthread_create(&tid[i], NULL, worker, &i);
		if (i == threads - 1)
			pthread_join(tid[i], NULL);
	}
	for (i = 0; i < threads - 1; i++)
		pthread_join(tid[i], NULL);
	for (i = 0; i < threads; i++)
		assert(taken[i] == 1);
	free(tid);
	return 0;
}
