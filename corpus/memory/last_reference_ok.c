/*
 * As last_reference.c, but to count and to look is one step.
 * Arguments: threads, padding events.
 */
#include "../size.h"

struct shared {
	int owners;
};

static void *owner(void *object)
{
	struct shared *shared = object;

	size_pad();
	if (__atomic_sub_fetch(&shared->owners, 1, __ATOMIC_SEQ_CST) == 0)
		free(shared);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));
	struct shared *shared = calloc(1, sizeof(*shared));

	shared->owners = threads;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, owner, shared);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
