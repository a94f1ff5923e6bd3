/*
 * trylock_skips.c put right: a deposit that finds the account busy waits for it.
 * Arguments: threads, padding events.
 */
#include <stdio.h>
#include "size.h"

static pthread_mutex_t account_lock = PTHREAD_MUTEX_INITIALIZER;
static int balance;

static void *depositor(void *unused)
{
	size_pad();
	if (pthread_mutex_trylock(&account_lock) != 0)
		pthread_mutex_lock(&account_lock);
	balance += 10;
	pthread_mutex_unlock(&account_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, depositor, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	if (balance != 10 * threads) {
		fprintf(stderr, "trylock: %d deposited, balance %d\n", 10 * threads, balance);
		return 1;
	}
	return 0;
}
