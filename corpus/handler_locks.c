/*
 * A signal handler locks the ledger. When the signal comes to a teller who is just booking, the
 * handler waits for the very thread that it interrupts.
 * Arguments: threads (the last one the manager, the others tellers), padding events.
 */
#include <signal.h>
#include "size.h"

static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static int balance, log_lines, statements, tellers;
static pthread_t *tid;

static void print_statement(int signal)
{
	(void)signal;
	pthread_mutex_lock(&ledger_lock);
	statements++;
	pthread_mutex_unlock(&ledger_lock);
}

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&ledger_lock);
	balance += 10;
	pthread_mutex_lock(&log_lock);
	log_lines++;
	pthread_mutex_unlock(&log_lock);
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
	signal(SIGUSR1, print_statement);
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i < tellers ? teller : manager, NULL);
	for (int i = threads - 1; i >= 0; i--)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
