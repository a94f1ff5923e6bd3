/*
 * Three threads print in the order in which they take a lock; the last one then follows a null
 * pointer. What was printed before depends on the schedule.
 */
#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>
#include "tests/targets/check.h"

enum { THREADS = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int *volatile nowhere;
static int printed;

static void *body(void *number)
{
	for (int round = 0; round < 3; round++) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		printf("thread %d\n", (int)(intptr_t)number);
		fflush(stdout);
		if (++printed == THREADS * 3)
			*nowhere = 1;
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return NULL;
}

int main(void)
{
	pthread_t tid[THREADS];

	CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) == 0);
	for (intptr_t i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	return 0;
}
