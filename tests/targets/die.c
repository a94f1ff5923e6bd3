/*
 * A thread dies of a signal while others live, after a line on stderr. The argument says of which:
 * abort, assert, segv (a null pointer), fpe, ill, bus, stack (overflow), kill (SIGKILL to itself),
 * term (the default action of a signal that is sent to the process).
 */
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *how;
static int *volatile nowhere;
static volatile int zero;

static void *work(void *unused)
{
	for (;;) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
		sched_yield();
	}
	return unused;
}

static int deeper(volatile char *above)
{
	volatile char here[4096];

	here[0] = above ? above[0] : 1;
	return (zero ? 0 : deeper(here)) + here[0];
}

static void *die(void *unused)
{
	fprintf(stderr, "dying: %s\n", how);
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "assert") == 0)
		assert(zero == 1);
	if (strcmp(how, "segv") == 0)
		*nowhere = 1;
	if (strcmp(how, "fpe") == 0)
		zero = 1000 / zero;
	if (strcmp(how, "ill") == 0)
		__builtin_trap();
	if (strcmp(how, "bus") == 0) {
		int fd = fileno(tmpfile());
		char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

		zero = map[0];
	}
	if (strcmp(how, "stack") == 0)
		zero = deeper(NULL);
	if (strcmp(how, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(how, "term") == 0)
		kill(getpid(), SIGTERM);
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t worker, dying;

	how = argc > 1 ? argv[1] : "segv";
	CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) == 0);
	CHECK_RC(pthread_create(&worker, NULL, work, NULL), 0);
	CHECK_RC(pthread_create(&dying, NULL, die, NULL), 0);
	CHECK_RC(pthread_join(dying, NULL), 0);
	return check_done(__FILE__);
}
