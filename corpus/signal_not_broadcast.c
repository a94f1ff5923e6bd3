/*
 * The manager opens the bank and signals once, although several tellers may be waiting for it: all
 * but one of them wait for ever.
 * Arguments: threads (one manager, the others tellers), padding events.
 */
#include "size.h"

static pthread_mutex_t bank_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bank_opened = PTHREAD_COND_INITIALIZER;
static int is_open;

static void *manager(void *unused)
{
	size_pad();
	pthread_mutex_lock(&bank_lock);
	is_open = 1;
	pthread_cond_signal(&bank_opened);
	pthread_mutex_unlock(&bank_lock);
	return unused;
}

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&bank_lock);
	while (!is_open)
		pthread_cond_wait(&bank_opened, &bank_lock);
	pthread_mutex_unlock(&bank_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 3);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? teller : manager, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
