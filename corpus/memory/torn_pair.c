/*
 * A player's position has two parts, which the mover changes one after the other; a watcher
 * reads both and may find halves of two positions.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static int across = 1, down = 1;

static void *mover(void *unused)
{
	size_pad();
	across++;
	down++;
	return unused;
}

static void *watcher(void *unused)
{
	size_pad();
	int across_seen = across;
	int down_seen = down;

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
