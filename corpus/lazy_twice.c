/*
 * The bank is founded by whoever needs it first: the look and the founding are two critical
 * sections, so two tellers found one each, and one of them books in a bank that nobody else knows.
 * Arguments: threads, padding events.
 */
#include <stdio.h>
#include "size.h"

struct bank {
	int balance;
};

static pthread_mutex_t bank_lock = PTHREAD_MUTEX_INITIALIZER;
static struct bank *the_bank;

static struct bank *bank_get(void)
{
	pthread_mutex_lock(&bank_lock);
	struct bank *bank = the_bank;
	pthread_mutex_unlock(&bank_lock);
	if (bank)
		return bank;
	bank = calloc(1, sizeof(*bank));
	pthread_mutex_lock(&bank_lock);
	the_bank = bank;
	pthread_mutex_unlock(&bank_lock);
	return bank;
}

static void *teller(void *unused)
{
	size_pad();
	struct bank *bank = bank_get();
	pthread_mutex_lock(&bank_lock);
	bank->balance += 10;
	pthread_mutex_unlock(&bank_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	if (the_bank->balance != 10 * threads) {
		fprintf(stderr, "lazy: %d deposited, balance %d\n", 10 * threads,
			the_bank->balance);
		return 1;
	}
	return 0;
}
