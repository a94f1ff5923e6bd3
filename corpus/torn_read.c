/*
 * A deposit changes the balance and the number of entries together. An auditor reads them one after
 * the other, in two critical sections: a deposit in between makes two halves that do not fit.
 * Arguments: threads (one auditor, the others tellers), padding events.
 */
#include <assert.h>
#include "size.h"

static pthread_mutex_t account_lock = PTHREAD_MUTEX_INITIALIZER;
static int balance, entries;

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&account_lock);
	balance += 10;
	entries++;
	pthread_mutex_unlock(&account_lock);
	return unused;
}

static void *auditor(void *unused)
{
	size_pad();
	pthread_mutex_lock(&account_lock);
	int balance_seen = balance;
	pthread_mutex_unlock(&account_lock);
	pthread_mutex_lock(&account_lock);
	int entries_seen = entries;
	pthread_mutex_unlock(&account_lock);
	assert(balance_seen == 10 * entries_seen);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? teller : auditor, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
