/*
 * As deque_last.c, but the owner takes the last element as a thief does, and who looks at the end
 * does so atomically.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static int head, tail = 1, taken;

static void *owner(void *unused)
{
	size_pad();
	int mine = tail - 1;

	if (__sync_bool_compare_and_swap(&head, mine, mine + 1))
		__sync_fetch_and_add(&taken, 1);
	return unused;
}

static void *thief(void *unused)
{
	size_pad();
	int first = __atomic_load_n(&head, __ATOMIC_SEQ_CST);

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
