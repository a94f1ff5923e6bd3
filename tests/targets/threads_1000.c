/*
 * A thousand threads (or as many as the argument says) that are all alive at once: each waits at a
 * gate, takes a lock, and ends.
 */
#include <pthread.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static int waiting, is_open, passed;

static void *body(void *unused)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	waiting++;
	CHECK_RC(pthread_cond_signal(&arrived), 0);
	while (!is_open)
		CHECK_RC(pthread_cond_wait(&opened, &lock), 0);
	passed++;
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 1000;
	pthread_t *tid = calloc((size_t)threads, sizeof(*tid));
	pthread_attr_t attr;

	CHECK(tid);
	CHECK_RC(pthread_attr_init(&attr), 0);
	CHECK_RC(pthread_attr_setstacksize(&attr, 64 * 1024), 0);
	for (int i = 0; i < threads; i++)
		CHECK_RC(pthread_create(&tid[i], &attr, body, NULL), 0);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	while (waiting < threads)
		CHECK_RC(pthread_cond_wait(&arrived, &lock), 0);
	is_open = 1;
	CHECK_RC(pthread_cond_broadcast(&opened), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	for (int i = 0; i < threads; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(passed == threads);
	free(tid);
	return check_done(__FILE__);
}
