/*
 * fork while threads live: the child runs on with one thread, uses malloc, stdio and threads of its
 * own, and is waited for; pthread_atfork handlers run on both sides.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int stop;
static int prepared, in_parent, in_child;

static void before_fork(void)
{
	prepared++;
	CHECK_RC(pthread_mutex_lock(&lock), 0);
}

static void after_in_parent(void)
{
	in_parent++;
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
}

static void after_in_child(void)
{
	in_child++;
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
}

static void *work(void *unused)
{
	while (!stop) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		free(malloc(100));
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
		sched_yield();
	}
	return unused;
}

static void *in_the_child(void *value)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	++*(int *)value;
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	return value;
}

static void child(void)
{
	pthread_t tid[2];
	int value = 0;

	CHECK(in_child == 1 && prepared > in_parent);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, in_the_child, &value), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(value == 2);
	printf("child\n");
	exit(9);
}

static void *fork_and_wait(void *unused)
{
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		int status;

		CHECK(pid != -1);
		if (pid == 0)
			child();
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	}
	return unused;
}

int main(void)
{
	pthread_t worker, forker;

	CHECK_RC(pthread_atfork(before_fork, after_in_parent, after_in_child), 0);
	CHECK_RC(pthread_create(&worker, NULL, work, NULL), 0);
	CHECK_RC(pthread_create(&forker, NULL, fork_and_wait, NULL), 0);
	CHECK_RC(pthread_join(forker, NULL), 0);
	CHECK(prepared == 2 && in_parent == 2 && in_child == 0);
	stop = 1;
	CHECK_RC(pthread_join(worker, NULL), 0);
	return check_done(__FILE__);
}
