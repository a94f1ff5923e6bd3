/*
 * A deposit is booked in two stages, each under a lock of its own: the balance, then the statement.
 * An auditor who comes between the stages sees a balance that the statement does not explain.
 * Arguments: threads (one teller, the others auditors), padding events.
 */
#include <assert.h>
#include "size.h"

static pthread_mutex_t balance_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t statement_lock = PTHREAD_MUTEX_INITIALIZER;
static int balance, statement;

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&balance_lock);
	balance = 100;
	pthread_mutex_unlock(&balance_lock);
	pthread_mutex_lock(&statement_lock);
	statement = 100;
	pthread_mutex_unlock(&statement_lock);
	return unused;
}

static void *auditor(void *unused)
{
	size_pad();
	pthread_mutex_lock(&balance_lock);
	int seen = balance;
	pthread_mutex_unlock(&balance_lock);
	pthread_mutex_lock(&statement_lock);
	assert(statement >= seen);
	pthread_mutex_unlock(&statement_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? auditor : teller, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
