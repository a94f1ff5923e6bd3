/*
 * A daemon's start: closes every descriptor from 3 on, by close one after the other, by close_range
 * and by closefrom, and then works with threads. Whatever was open there is not its business.
 */
#include <fcntl.h>
#include <pthread.h>
#include "tests/targets/check.h"

enum { THREADS = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int fd[2], count;

static void *body(void *unused)
{
	char c;

	CHECK(read(fd[0], &c, 1) == 1);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	count++;
	CHECK_RC(pthread_cond_signal(&changed), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	return unused;
}

static void work(void)
{
	pthread_t tid[THREADS];

	count = 0;
	CHECK(pipe(fd) == 0 && fd[0] == 3 && fd[1] == 4);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body, NULL), 0);
	CHECK(write(fd[1], "xxx", 3) == 3);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	while (count < THREADS)
		CHECK_RC(pthread_cond_wait(&changed, &lock), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
}

int main(void)
{
	for (int i = 3; i < 65536; i++)
		close(i);
	work();
	CHECK(close_range(3, ~0u, 0) == 0);
	work();
	closefrom(3);
	work();
	return check_done(__FILE__);
}
