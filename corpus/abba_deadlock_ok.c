/*
 * abba_deadlock.c put right: whatever the direction, alice's account is locked before bob's.
 * Arguments: threads (every second one transfers back), padding events.
 */
#include "size.h"

struct account {
	pthread_mutex_t lock;
	int balance;
};

static struct account alice = { PTHREAD_MUTEX_INITIALIZER, 100 };
static struct account bob = { PTHREAD_MUTEX_INITIALIZER, 100 };

static void transfer(struct account *from, struct account *to)
{
	pthread_mutex_lock(&alice.lock);
	pthread_mutex_lock(&bob.lock);
	from->balance -= 10;
	to->balance += 10;
	pthread_mutex_unlock(&bob.lock);
	pthread_mutex_unlock(&alice.lock);
}

static void *teller(void *back)
{
	size_pad();
	transfer(back ? &bob : &alice, back ? &alice : &bob);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, i % 2 ? &bob : NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
