/*
 * A withdrawal that finds too little money returns early and forgets to unlock the account. The
 * next thread waits for a thread that has ended.
 * Arguments: threads (one depositor, the others withdraw), padding events.
 */
#include "size.h"

static pthread_mutex_t account_lock = PTHREAD_MUTEX_INITIALIZER;
static int balance;

static void *depositor(void *unused)
{
	size_pad();
	pthread_mutex_lock(&account_lock);
	balance += 1000000;
	pthread_mutex_unlock(&account_lock);
	return unused;
}

static void *customer(void *unused)
{
	size_pad();
	pthread_mutex_lock(&account_lock);
	if (balance < 10)
		return unused;
	balance -= 10;
	pthread_mutex_unlock(&account_lock);
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
