/*
 * Three threads print more than a buffer of stdio holds, and what standard output is: libc writes
 * after each line on a terminal, and full buffers elsewhere.
 */
#include <pthread.h>
#include <sys/stat.h>

#include "check.h"

enum { THREADS = 3, LINES = 60 };

static void *print(void *argument)
{
	int i;

	for (i = 0; i < LINES; i++)
		printf("thread %ld, line %d of some that fill the buffer\n", (long)argument, i);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	struct stat status;
	long i;

	for (i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&threads[i], NULL, print, (void *)i), 0);
	for (i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(threads[i], NULL), 0);
	CHECK(fstat(STDOUT_FILENO, &status) == 0);
	printf("%s, %s\n", isatty(STDOUT_FILENO) ? "terminal" : "no terminal",
	       S_ISCHR(status.st_mode)    ? "device"
	       : S_ISFIFO(status.st_mode) ? "pipe"
	       : S_ISREG(status.st_mode)  ? "file"
					  : "other");
	return check_done(__FILE__);
}
