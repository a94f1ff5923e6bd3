/*
 * A process-shared mutex and condition variable between a parent's threads and a forked child: the
 * child holds the mutex while all threads of the parent wait for it. Never a deadlock.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

struct shared {
	pthread_mutex_t lock;
	pthread_cond_t turn;
	int balance;
	int childs_turn;
};

static struct shared *shared;

static void *deposit(void *unused)
{
	for (int i = 0; i < 100; i++) {
		CHECK_RC(pthread_mutex_lock(&shared->lock), 0);
		shared->balance++;
		CHECK_RC(pthread_mutex_unlock(&shared->lock), 0);
	}
	return unused;
}

static void child(void)
{
	CHECK_RC(pthread_mutex_lock(&shared->lock), 0);
	check_sleep(20); /* the parent's threads all come to wait for us */
	while (!shared->childs_turn)
		CHECK_RC(pthread_cond_wait(&shared->turn, &shared->lock), 0);
	shared->childs_turn = 0;
	shared->balance += 1000;
	CHECK_RC(pthread_cond_signal(&shared->turn), 0);
	CHECK_RC(pthread_mutex_unlock(&shared->lock), 0);
	deposit(NULL);
	_exit(0);
}

int main(void)
{
	pthread_mutexattr_t mutex_attr;
	pthread_condattr_t cond_attr;
	pthread_t tid[2];
	int status;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(shared != MAP_FAILED);
	CHECK_RC(pthread_mutexattr_init(&mutex_attr), 0);
	CHECK_RC(pthread_mutexattr_setpshared(&mutex_attr, PTHREAD_PROCESS_SHARED), 0);
	CHECK_RC(pthread_mutex_init(&shared->lock, &mutex_attr), 0);
	CHECK_RC(pthread_condattr_init(&cond_attr), 0);
	CHECK_RC(pthread_condattr_setpshared(&cond_attr, PTHREAD_PROCESS_SHARED), 0);
	CHECK_RC(pthread_cond_init(&shared->turn, &cond_attr), 0);

	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0)
		child();
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, deposit, NULL), 0);
	CHECK_RC(pthread_mutex_lock(&shared->lock), 0);
	shared->childs_turn = 1;
	CHECK_RC(pthread_cond_signal(&shared->turn), 0);
	while (shared->childs_turn)
		CHECK_RC(pthread_cond_wait(&shared->turn, &shared->lock), 0);
	CHECK_RC(pthread_mutex_unlock(&shared->lock), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(shared->balance == 1300);
	return check_done(__FILE__);
}
