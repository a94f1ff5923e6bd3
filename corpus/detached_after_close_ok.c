/*
 * detached_after_close.c put right: main joins the tellers before it gives the ledger away.
 * Arguments: threads (tellers), padding events.
 */
#include <assert.h>
#include "size.h"

static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static int *ledger;

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&ledger_lock);
	*ledger += 10;
	pthread_mutex_unlock(&ledger_lock);
	pthread_mutex_lock(&ledger_lock);
	assert(ledger);
	*ledger -= 1;
	pthread_mutex_unlock(&ledger_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 1);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	ledger = calloc(1, sizeof(*ledger));
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	pthread_mutex_lock(&ledger_lock);
	free(ledger);
	ledger = NULL;
	pthread_mutex_unlock(&ledger_lock);
	free(tid);
	pthread_exit(NULL);
}
