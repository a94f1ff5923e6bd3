/*
 * As lost_increment.c, but the addition is atomic.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static int visits;

static void *visitor(void *unused)
{
	size_pad();
	__atomic_add_fetch(&visits, 1, __ATOMIC_SEQ_CST);
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
	assert(visits == threads);
	return 0;
}
