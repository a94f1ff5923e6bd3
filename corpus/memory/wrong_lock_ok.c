/*
 * As wrong_lock.c, but both take the lock of the apples.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static pthread_mutex_t apples_lock = PTHREAD_MUTEX_INITIALIZER;
static int apples;

static void *picker(void *unused)
{
	size_pad();
	pthread_mutex_lock(&apples_lock);
	apples++;
	pthread_mutex_unlock(&apples_lock);
	return unused;
}

static void *gardener(void *unused)
{
	size_pad();
	pthread_mutex_lock(&apples_lock);
	apples++;
	pthread_mutex_unlock(&apples_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? gardener : picker, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	assert(apples == threads);
	return 0;
}
