/*
 * The parent makes the workers before it has set the table that they use.
 * Arguments: threads, padding events.
 */
#include "../size.h"

static int prices[2] = { 3, 4 }, *table, sum;

static void *worker(void *unused)
{
	size_pad();
	__atomic_add_fetch(&sum, table[1], __ATOMIC_SEQ_CST);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads - 1; i++)
		pthread_create(&tid[i], NULL, worker, NULL);
	table = prices;
	for (int i = 0; i < threads - 1; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
