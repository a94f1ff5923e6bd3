/*
 * half_built.c put right: the bank is made known when its limit is set.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "size.h"

struct bank {
	int limit;
};

static pthread_mutex_t bank_lock = PTHREAD_MUTEX_INITIALIZER;
static struct bank *the_bank;

static struct bank *bank_get(void)
{
	pthread_mutex_lock(&bank_lock);
	struct bank *bank = the_bank;
	if (!bank) {
		bank = calloc(1, sizeof(*bank));
		bank->limit = 100;
		the_bank = bank;
	}
	pthread_mutex_unlock(&bank_lock);
	return bank;
}

static void *teller(void *unused)
{
	size_pad();
	struct bank *bank = bank_get();
	pthread_mutex_lock(&bank_lock);
	assert(bank->limit == 100);
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
	free(the_bank);
	free(tid);
	return 0;
}
