/*
 * A barrier that is used again without a generation number: a fast thread arrives for the next day
 * before a slow one has left the last, and the slow one believes the old day still goes on.
 * Arguments: threads, padding events.
 */
#include <sched.h>
#include "size.h"

static pthread_mutex_t barrier_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_arrived = PTHREAD_COND_INITIALIZER;
static int expected, arrived;

static void end_of_day(void)
{
	pthread_mutex_lock(&barrier_lock);
	if (++arrived == expected) {
		arrived = 0;
		pthread_cond_broadcast(&all_arrived);
	} else {
		while (arrived != 0)
			pthread_cond_wait(&all_arrived, &barrier_lock);
	}
	pthread_mutex_unlock(&barrier_lock);
}

static void *teller(void *unused)
{
	for (int day = 0; day < 2; day++) {
		size_pad();
		sched_yield();
		end_of_day();
	}
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	expected = threads;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
