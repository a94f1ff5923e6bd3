/*
 * dining_cycle.c put right: every philosopher takes the fork with the lower number first.
 * Arguments: threads (philosophers, at least 2), padding events.
 */
#include "size.h"

static pthread_mutex_t *fork_lock;
static int philosophers;

static void *philosopher(void *seat)
{
	int left = (int)(long)seat;
	int right = (left + 1) % philosophers;

	if (left > right) {
		left = right;
		right = philosophers - 1;
	}
	size_pad();
	pthread_mutex_lock(&fork_lock[left]);
	pthread_mutex_lock(&fork_lock[right]);
	pthread_mutex_unlock(&fork_lock[right]);
	pthread_mutex_unlock(&fork_lock[left]);
	return NULL;
}

int main(int argc, char **argv)
{
	philosophers = size_args(argc, argv, 3);

	pthread_t *tid = calloc(philosophers, sizeof(*tid));

	fork_lock = calloc(philosophers, sizeof(*fork_lock));
	for (int i = 0; i < philosophers; i++)
		pthread_mutex_init(&fork_lock[i], NULL);
	for (long i = 0; i < philosophers; i++)
		pthread_create(&tid[i], NULL, philosopher, (void *)i);
	for (int i = 0; i < philosophers; i++)
		pthread_join(tid[i], NULL);
	free(fork_lock);
	free(tid);
	return 0;
}
