/*
 * handler_locks.c put right: the handler only notes that a statement is wanted, and the teller
 * prints it when it has booked.
 * Arguments: threads (the last one the manager, the others tellers), padding events.
 */
#include <signal.h>
#include "size.h"

static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static int balance, log_lines, statements, tellers;
static pthread_t *tid;

static __thread volatile sig_atomic_t statement_wanted;

static void want_statement(int signal)
{
	(void)signal;
	statement_wanted = 1;
}

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&ledger_lock);
	balance += 10;
	pthread_mutex_lock(&log_lock);
	log_lines++;
	pthread_mutex_unlock(&log_lock);
	statements += statement_wanted;
	pthread_mutex_unlock(&ledger_lock);
	return unused;
}

static void *manager(void *unused)
{
	size_pad();
	for (int i = 0; i < tellers; i++)
		pthread_kill(tid[i], SIGUSR1);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);

	tid = calloc(threads, sizeof(*tid));
	tellers = threads - 1;
	signal(SIGUSR1, want_statement);
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i < tellers ? teller : manager, NULL);
	for (int i = threads - 1; i >= 0; i--)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
