/*
 * sem_extra_post.c put right: a transfer of nothing returns without touching the semaphore.
 * Arguments: threads (the first one transfers nothing at first), padding events.
 */
#include <assert.h>
#include <semaphore.h>
#include "size.h"

static sem_t vault;
static pthread_mutex_t camera_lock = PTHREAD_MUTEX_INITIALIZER;
static int inside;

static void camera_sees(int change)
{
	pthread_mutex_lock(&camera_lock);
	inside += change;
	assert(inside <= 1);
	pthread_mutex_unlock(&camera_lock);
}

static void transfer(long amount)
{
	if (amount == 0)
		return;
	sem_wait(&vault);
	camera_sees(1);
	camera_sees(-1);
	sem_post(&vault);
}

static void *teller(void *amount)
{
	size_pad();
	transfer((long)amount);
	transfer(10);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	sem_init(&vault, 0, 1);
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, (void *)(i ? 10L : 0L));
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
