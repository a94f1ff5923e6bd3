/*
 * As torn_pair.c, but both parts are read and changed under one lock.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static pthread_mutex_t position_lock = PTHREAD_MUTEX_INITIALIZER;
static int across = 1, down = 1;

static void *mover(void *unused)
{
	size_pad();
	pthread_mutex_lock(&position_lock);
	across++;
	down++;
	pthread_mutex_unlock(&position_lock);
	return unused;
}

static void *watcher(void *unused)
{
	size_pad();
	pthread_mutex_lock(&position_lock);
	int across_seen = across;
	int down_seen = down;
	pthread_mutex_unlock(&position_lock);

	assert(across_seen == down_seen);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i == threads - 1 ? mover : watcher, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
