/*
 * A reader under a sequence lock looks whether a write is going on, but not whether one was made
 * while it read.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static int sequence, low = 1, high = 1;

static void *writer(void *unused)
{
	size_pad();
	__atomic_add_fetch(&sequence, 1, __ATOMIC_SEQ_CST);
	low++;
	high++;
	__atomic_add_fetch(&sequence, 1, __ATOMIC_SEQ_CST);
	return unused;
}

static void *reader(void *unused)
{
	int begun, low_seen, high_seen;

	size_pad();
	do {
		begun = __atomic_load_n(&sequence, __ATOMIC_SEQ_CST);
		low_seen = low;
		high_seen = high;
	} while (begun % 2);
	assert(low_seen == high_seen);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i == threads - 1 ? writer : reader, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
