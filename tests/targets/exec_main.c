/*
 * The main thread replaces the process by exec while other threads live: they vanish, and the new
 * image (this program again) creates its own threads.
 */
#include <pthread.h>
#include <semaphore.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t running;

static void *for_ever(void *unused)
{
	sem_post(&running);
	for (;;) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
		sched_yield();
	}
	return unused;
}

static void *value(void *arg)
{
	return arg;
}

int main(int argc, char **argv)
{
	char *again[] = { argv[0], "again", NULL };
	pthread_t tid;
	void *got;

	if (argc > 1 && strcmp(argv[1], "again") == 0) {
		CHECK_RC(pthread_create(&tid, NULL, value, &lock), 0);
		CHECK_RC(pthread_join(tid, &got), 0);
		CHECK(got == &lock);
		return check_done(__FILE__);
	}
	CHECK(sem_init(&running, 0, 0) == 0);
	CHECK_RC(pthread_create(&tid, NULL, for_ever, NULL), 0);
	while (sem_wait(&running) == -1)
		CHECK(errno == EINTR);
	printf("before exec\n");
	fflush(stdout);
	execv("/proc/self/exe", again);
	CHECK(!"exec returns");
}
