/*
 * A thread ends the process while main waits for it and another thread runs. The argument says how:
 * exit (status 3, handlers run), _exit (4, none), quick_exit (5, its own), main (main returns 6).
 */
#include <pthread.h>
#include <stdatomic.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *how;

static void at_exit(void)
{
	printf("atexit\n");
}

static void at_quick(void)
{
	printf("at_quick_exit\n");
	fflush(stdout);
}

static void *work(void *unused)
{
	for (;;) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
		sched_yield();
	}
	return unused;
}

static void *leave(void *unused)
{
	if (strcmp(how, "exit") == 0)
		exit(3);
	if (strcmp(how, "_exit") == 0)
		_exit(4);
	if (strcmp(how, "quick_exit") == 0)
		quick_exit(5);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t worker, leaver;

	how = argc > 1 ? argv[1] : "exit";
	CHECK(atexit(at_exit) == 0 && at_quick_exit(at_quick) == 0);
	CHECK_RC(pthread_create(&worker, NULL, work, NULL), 0);
	CHECK_RC(pthread_create(&leaver, NULL, leave, NULL), 0);
	CHECK_RC(pthread_join(leaver, NULL), 0);
	return 6;
}
