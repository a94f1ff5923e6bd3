/*
 * callback_inversion.c put right: the observer is called when the account is unlocked again.
 * Arguments: threads (one depositor, the others reporters), padding events.
 */
#include "size.h"

static pthread_mutex_t account_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static int balance, entries, reported;

static void log_change(void)
{
	pthread_mutex_lock(&log_lock);
	entries++;
	pthread_mutex_unlock(&log_lock);
}

static void (*observer)(void) = log_change;

static void *depositor(void *unused)
{
	size_pad();
	pthread_mutex_lock(&account_lock);
	balance += 100;
	pthread_mutex_unlock(&account_lock);
	observer();
	return unused;
}

static void *reporter(void *unused)
{
	size_pad();
	pthread_mutex_lock(&log_lock);
	pthread_mutex_lock(&account_lock);
	reported = balance;
	pthread_mutex_unlock(&account_lock);
	pthread_mutex_unlock(&log_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? reporter : depositor, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
