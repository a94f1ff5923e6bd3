/*
 * Each thread makes the single object when there is none yet: two may see none, and make one
 * each.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static void *single;
static int made;

static void *user(void *unused)
{
	size_pad();
	if (!single) {
		__atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST);
		single = &made;
	}
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, user, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	assert(made == 1);
	return 0;
}
