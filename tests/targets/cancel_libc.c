/*
 * pthread_cancel of threads that are blocked inside of libc: fgets and system make cancellation
 * asynchronous around system calls of their own. A thread with cancellation disabled reads on.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include "tests/targets/check.h"

static sem_t ready;
static FILE *from;
static int cleaned, got;

static void count(void *unused)
{
	(void)unused;
	cleaned++;
}

static void *in_fgets(void *unused)
{
	char line[16];

	pthread_cleanup_push(count, NULL);
	CHECK(sem_post(&ready) == 0);
	CHECK(fgets(line, sizeof(line), from) == NULL);
	pthread_cleanup_pop(0);
	return unused;
}

static void *in_system(void *unused)
{
	pthread_cleanup_push(count, NULL);
	CHECK(sem_post(&ready) == 0);
	CHECK(system("exec sleep 5") == 0);
	pthread_cleanup_pop(0);
	return unused;
}

static void *disabled(void *unused)
{
	char line[16];

	CHECK_RC(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL), 0);
	pthread_cleanup_push(count, NULL);
	CHECK(sem_post(&ready) == 0);
	CHECK(fgets(line, sizeof(line), from) == line && strcmp(line, "on\n") == 0);
	got++;
	CHECK_RC(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL), 0);
	pthread_testcancel();
	pthread_cleanup_pop(0);
	return unused;
}

static pthread_t start(void *(*body)(void *))
{
	pthread_t tid;

	CHECK_RC(pthread_create(&tid, NULL, body, NULL), 0);
	while (sem_wait(&ready) == -1)
		CHECK(errno == EINTR);
	return tid;
}

static void cancelled(pthread_t tid)
{
	static int ended;
	void *value;

	CHECK_RC(pthread_join(tid, &value), 0);
	CHECK(value == PTHREAD_CANCELED && cleaned == ++ended);
}

int main(void)
{
	pthread_t tid;
	int fd[2];

	CHECK(sem_init(&ready, 0, 0) == 0);
	CHECK(pipe(fd) == 0 && (from = fdopen(fd[0], "r")) != NULL);
	tid = start(in_fgets);
	CHECK_RC(pthread_cancel(tid), 0);
	cancelled(tid);
	/* The cancelled one may have kept the lock of its stream. */
	CHECK(pipe(fd) == 0 && (from = fdopen(fd[0], "r")) != NULL);
	tid = start(disabled);
	CHECK_RC(pthread_cancel(tid), 0);
	check_sleep(20);
	CHECK(got == 0);
	CHECK(write(fd[1], "on\n", 3) == 3);
	cancelled(tid);
	CHECK(got == 1);
	tid = start(in_system);
	check_sleep(100); /* the shell runs */
	CHECK_RC(pthread_cancel(tid), 0);
	cancelled(tid);
	return check_done(__FILE__);
}
