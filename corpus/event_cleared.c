/*
 * The customer looks for letters, finds none, clears the bell and waits for it to ring. When a
 * clerk brings a letter and rings between the look and the clearing, the ring is lost.
 * Arguments: threads (one customer, the others clerks), padding events.
 */
#include "size.h"

static pthread_mutex_t desk_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bell_rung = PTHREAD_COND_INITIALIZER;
static int bell, letters, clerks;

static void bell_set(int rings)
{
	pthread_mutex_lock(&desk_lock);
	bell = rings;
	pthread_cond_broadcast(&bell_rung);
	pthread_mutex_unlock(&desk_lock);
}

static void *customer(void *unused)
{
	size_pad();
	for (int taken = 0, found; taken < clerks; taken += found) {
		pthread_mutex_lock(&desk_lock);
		found = letters - taken;
		pthread_mutex_unlock(&desk_lock);
		if (found > 0)
			continue;
		bell_set(0);
		pthread_mutex_lock(&desk_lock);
		while (!bell)
			pthread_cond_wait(&bell_rung, &desk_lock);
		pthread_mutex_unlock(&desk_lock);
	}
	return unused;
}

static void *clerk(void *unused)
{
	size_pad();
	pthread_mutex_lock(&desk_lock);
	letters++;
	pthread_mutex_unlock(&desk_lock);
	bell_set(1);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	clerks = threads - 1;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? clerk : customer, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
