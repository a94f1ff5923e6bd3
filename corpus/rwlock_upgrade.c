/*
 * A readers-writer lock whose reader can become the writer when it is the only reader left. Two
 * readers who both want to each wait for the other to leave. Arguments: threads, padding events.
 */
#include "size.h"

static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t state_changed = PTHREAD_COND_INITIALIZER;
static int readers, writer, rate;

static void read_lock(void)
{
	pthread_mutex_lock(&state_lock);
	while (writer)
		pthread_cond_wait(&state_changed, &state_lock);
	readers++;
	pthread_mutex_unlock(&state_lock);
}

static void upgrade(void)
{
	pthread_mutex_lock(&state_lock);
	while (readers > 1)
		pthread_cond_wait(&state_changed, &state_lock);
	readers = 0;
	writer = 1;
	pthread_mutex_unlock(&state_lock);
}

static void write_unlock(void)
{
	pthread_mutex_lock(&state_lock);
	writer = 0;
	pthread_cond_broadcast(&state_changed);
	pthread_mutex_unlock(&state_lock);
}

static void *raise_rate(void *unused)
{
	size_pad();
	read_lock();
	upgrade();
	rate++;
	write_unlock();
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, raise_rate, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
