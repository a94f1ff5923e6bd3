/*
 * timeout_ignored.c put right: a customer whose second is over goes home without paying.
 * Arguments: threads (one clerk, the others customers), padding events.
 */
#include <assert.h>
#include <errno.h>
#include <time.h>
#include "size.h"

static pthread_mutex_t desk_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t receipt_added = PTHREAD_COND_INITIALIZER;
static int receipts, customers;

static void *clerk(void *unused)
{
	size_pad();
	pthread_mutex_lock(&desk_lock);
	receipts = customers;
	pthread_cond_broadcast(&receipt_added);
	pthread_mutex_unlock(&desk_lock);
	return unused;
}

static void *customer(void *unused)
{
	struct timespec until;
	int result = 0;

	size_pad();
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	pthread_mutex_lock(&desk_lock);
	while (receipts == 0 && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&receipt_added, &desk_lock, &until);
	if (result != ETIMEDOUT) {
		assert(receipts > 0);
		receipts--;
	}
	pthread_mutex_unlock(&desk_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	customers = threads - 1;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? customer : clerk, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
