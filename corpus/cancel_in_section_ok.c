/*
 * cancel_in_section.c put right: a cleanup handler unlocks the ledger when its teller is cancelled.
 * Arguments: threads (the last one the manager, the others tellers), padding events.
 */
#include <semaphore.h>
#include "size.h"

static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static int balance, dismissed, tellers;
static sem_t stamp;
static pthread_t *tid;

static void unlock_ledger(void *unused)
{
	(void)unused;
	pthread_mutex_unlock(&ledger_lock);
}

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&ledger_lock);
	pthread_cleanup_push(unlock_ledger, NULL);
	sem_wait(&stamp);
	balance += 10;
	sem_post(&stamp);
	pthread_cleanup_pop(1);
	return unused;
}

static void *manager(void *unused)
{
	size_pad();
	for (int i = 0; i < tellers; i++)
		pthread_cancel(tid[i]);
	pthread_mutex_lock(&ledger_lock);
	dismissed += tellers;
	pthread_mutex_unlock(&ledger_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);

	tid = calloc(threads, sizeof(*tid));
	tellers = threads - 1;
	sem_init(&stamp, 0, 1);
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i < tellers ? teller : manager, NULL);
	for (int i = threads - 1; i >= 0; i--)
		pthread_join(tid[i], NULL);
	sem_destroy(&stamp);
	free(tid);
	return 0;
}
