/*
 * spurious_wakeup.c put right: a customer who wakes looks at the door again.
 * Arguments: threads (one manager, the others customers), padding events.
 */
#include <assert.h>
#include "size.h"

static pthread_mutex_t door_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t door_opened = PTHREAD_COND_INITIALIZER;
static int is_open;

static void *manager(void *unused)
{
	size_pad();
	pthread_mutex_lock(&door_lock);
	is_open = 1;
	pthread_cond_broadcast(&door_opened);
	pthread_mutex_unlock(&door_lock);
	return unused;
}

static void *customer(void *unused)
{
	size_pad();
	pthread_mutex_lock(&door_lock);
	while (!is_open)
		pthread_cond_wait(&door_opened, &door_lock);
	assert(is_open);
	pthread_mutex_unlock(&door_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? customer : manager, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
