/* Four threads print five lines each, in the order in which they take a lock. */
#include <pthread.h>
#include <stdint.h>
#include "tests/targets/check.h"

enum { THREADS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *body(void *number)
{
	for (int round = 0; round < 5; round++) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		printf("thread %d round %d\n", (int)(intptr_t)number, round);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return NULL;
}

int main(void)
{
	pthread_t tid[THREADS];

	for (intptr_t i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	return check_done(__FILE__);
}
