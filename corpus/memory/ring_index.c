/*
 * Producers put into a ring: the place is read, filled, and then counted up, so two may fill the
 * same one.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

#define PLACES 128

static int ring[PLACES], count;

static void *producer(void *unused)
{
	size_pad();
	ring[count] = 1;
	__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, producer, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	for (int i = 0; i < threads; i++)
		assert(ring[i] == 1);
	return 0;
}
