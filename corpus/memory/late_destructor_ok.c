/*
 * As late_destructor.c, but main waits for the ends of the workers first.
 * Arguments: threads, padding events.
 */
#include "../size.h"

struct pool {
	int returned;
};

static pthread_key_t key;
static int left;

static void give_back(void *pool)
{
	((struct pool *)pool)->returned = 1;
}

static void *worker(void *pool)
{
	size_pad();
	pthread_setspecific(key, pool);
	__atomic_sub_fetch(&left, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2) - 1;
	pthread_t *tid = calloc(threads, sizeof(*tid));
	struct pool *pool = calloc(1, sizeof(*pool));

	pthread_key_create(&key, give_back);
	left = threads;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, worker, pool);
	while (__atomic_load_n(&left, __ATOMIC_SEQ_CST))
		;
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(pool);
	free(tid);
	return 0;
}
