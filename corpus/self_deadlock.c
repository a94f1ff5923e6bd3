/*
 * A withdrawal that finds too little money charges a fee, and charging locks the bank again: the
 * thread waits for itself. Only when a withdrawal comes before the deposit.
 * Arguments: threads (one depositor, the others withdraw), padding events.
 */
#include "size.h"

static pthread_mutex_t bank_lock = PTHREAD_MUTEX_INITIALIZER;
static int balance, fees;

static void charge_fee(void)
{
	pthread_mutex_lock(&bank_lock);
	fees += 5;
	pthread_mutex_unlock(&bank_lock);
}

static void *depositor(void *unused)
{
	size_pad();
	pthread_mutex_lock(&bank_lock);
	balance += 1000000;
	pthread_mutex_unlock(&bank_lock);
	return unused;
}

static void *customer(void *unused)
{
	size_pad();
	pthread_mutex_lock(&bank_lock);
	if (balance < 10)
		charge_fee();
	else
		balance -= 10;
	pthread_mutex_unlock(&bank_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? customer : depositor, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
