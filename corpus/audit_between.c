/*
 * A transfer takes the money from one account and gives it to the other in two critical sections.
 * An auditor who holds both accounts between the two finds money missing.
 * Arguments: threads (one auditor, the others tellers), padding events.
 */
#include <assert.h>
#include "size.h"

struct account {
	pthread_mutex_t lock;
	int balance;
};

static struct account alice = { PTHREAD_MUTEX_INITIALIZER, 100 };
static struct account bob = { PTHREAD_MUTEX_INITIALIZER, 100 };

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&alice.lock);
	alice.balance -= 10;
	pthread_mutex_unlock(&alice.lock);
	pthread_mutex_lock(&bob.lock);
	bob.balance += 10;
	pthread_mutex_unlock(&bob.lock);
	return unused;
}

static void *auditor(void *unused)
{
	size_pad();
	pthread_mutex_lock(&alice.lock);
	pthread_mutex_lock(&bob.lock);
	assert(alice.balance + bob.balance == 200);
	pthread_mutex_unlock(&bob.lock);
	pthread_mutex_unlock(&alice.lock);
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
