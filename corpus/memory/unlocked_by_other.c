/*
 * A cashier leaves the till without the key when a supervisor has closed the shop: who closes it
 * unlocks the till, whoever has locked it.
 * Arguments: threads, padding events.
 */
#include "../size.h"

static pthread_mutex_t till_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t shop_lock = PTHREAD_MUTEX_INITIALIZER;
static int till_open, coins;

static void *cashier(void *unused)
{
	size_pad();
	pthread_mutex_lock(&till_lock);
	till_open = 1;
	coins++;
	till_open = 0;
	pthread_mutex_unlock(&till_lock);
	return unused;
}

static void *supervisor(void *unused)
{
	size_pad();
	pthread_mutex_lock(&shop_lock);
	if (till_open)
		pthread_mutex_unlock(&till_lock);
	pthread_mutex_unlock(&shop_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? supervisor : cashier, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
