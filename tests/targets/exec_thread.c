/*
 * A thread that is not the main thread replaces the process by exec while main waits for it: it
 * becomes the main thread of the new image and keeps the process id.
 */
#include <pthread.h>
#include "tests/targets/check.h"

static char **arguments;

static void *replace(void *unused)
{
	char pid[20], *again[] = { arguments[0], "again", pid, NULL };

	snprintf(pid, sizeof(pid), "%d", getpid());
	printf("before exec\n");
	fflush(stdout);
	execv("/proc/self/exe", again);
	CHECK(!"exec returns");
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t tid;

	if (argc > 2 && strcmp(argv[1], "again") == 0) {
		CHECK(getpid() == atoi(argv[2]) && gettid() == getpid());
		return check_done(__FILE__);
	}
	arguments = argv;
	CHECK_RC(pthread_create(&tid, NULL, replace, NULL), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK(!"the process is replaced");
}
