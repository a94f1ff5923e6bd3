/*
 * As made_twice.c, but to look and to make is one critical section.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static pthread_mutex_t single_lock = PTHREAD_MUTEX_INITIALIZER;
static void *single;
static int made;

static void *user(void *unused)
{
	size_pad();
	pthread_mutex_lock(&single_lock);
	if (!single) {
		__atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST);
		single = &made;
	}
	pthread_mutex_unlock(&single_lock);
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
