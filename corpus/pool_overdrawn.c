/*
 * Connections are opened when they are needed first and stay in a pool. A teller looks whether the
 * pool has room for one more and opens it in the next critical section: two see the last room.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "size.h"

#define LIMIT 1

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static int opened;

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&pool_lock);
	int room = opened < LIMIT;
	pthread_mutex_unlock(&pool_lock);
	if (!room)
		return unused;
	pthread_mutex_lock(&pool_lock);
	opened++;
	assert(opened <= LIMIT);
	pthread_mutex_unlock(&pool_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
