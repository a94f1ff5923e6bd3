/*
 * Each thread adds to a counter three times. If one reads it first and another one its last time
 * early, so little as 2 is left in the end: that takes two losses, one inside the other.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

#define ROUNDS 3

static int visits;

static void *visitor(void *unused)
{
	size_pad();
	for (int i = 0; i < ROUNDS; i++)
		visits++;
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, visitor, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	assert(visits > 2);
	return 0;
}
