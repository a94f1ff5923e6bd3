/*
 * A deque whose owner pops at one end while a thief steals at the other: for its last element
 * both must look at the other end, and here the owner does so before it has said that it pops.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static int head, tail = 1, taken;

static void *owner(void *unused)
{
	size_pad();
	int mine = tail - 1;

	if (head <= mine) {
		tail = mine;
		__sync_fetch_and_add(&taken, 1);
	}
	return unused;
}

static void *thief(void *unused)
{
	size_pad();
	int first = head;

	if (first < tail && __sync_bool_compare_and_swap(&head, first, first + 1))
		__sync_fetch_and_add(&taken, 1);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? thief : owner, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	assert(taken == 1);
	return 0;
}
