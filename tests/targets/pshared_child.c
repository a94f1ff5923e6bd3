/*
 * A correct program of two processes that must never be called a deadlock: every thread of the
 * parent waits for a process-shared semaphore, condition or mutex that only the forked child moves,
 * and the child takes its time.
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

enum { ROUNDS = 4 };

struct shared {
	sem_t to_parent, to_child;
	pthread_mutex_t lock;
	pthread_barrier_t barrier;
	int value;
};

static struct shared *shared;

static void down(sem_t *sem)
{
	while (sem_wait(sem) == -1)
		CHECK(errno == EINTR);
}

static void child(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_RC(pthread_mutex_lock(&shared->lock), 0);
		check_sleep(30); /* both threads of the parent wait now */
		shared->value++;
		CHECK_RC(pthread_mutex_unlock(&shared->lock), 0);
		CHECK(sem_post(&shared->to_parent) == 0);
		down(&shared->to_child);
		check_sleep(10);
	}
	check_sleep(30);
	pthread_barrier_wait(&shared->barrier);
	_exit(0);
}

static void *lock_often(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_RC(pthread_mutex_lock(&shared->lock), 0);
		CHECK_RC(pthread_mutex_unlock(&shared->lock), 0);
		usleep(1000);
	}
	return unused;
}

int main(void)
{
	pthread_barrierattr_t barrier_attr;
	pthread_mutexattr_t mutex_attr;
	pthread_t tid;
	int status;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(shared != MAP_FAILED);
	CHECK(sem_init(&shared->to_parent, 1, 0) == 0 && sem_init(&shared->to_child, 1, 0) == 0);
	CHECK_RC(pthread_mutexattr_init(&mutex_attr), 0);
	CHECK_RC(pthread_mutexattr_setpshared(&mutex_attr, PTHREAD_PROCESS_SHARED), 0);
	CHECK_RC(pthread_mutex_init(&shared->lock, &mutex_attr), 0);
	CHECK_RC(pthread_barrierattr_init(&barrier_attr), 0);
	CHECK_RC(pthread_barrierattr_setpshared(&barrier_attr, PTHREAD_PROCESS_SHARED), 0);
	CHECK_RC(pthread_barrier_init(&shared->barrier, &barrier_attr, 2), 0);

	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0)
		child();
	CHECK_RC(pthread_create(&tid, NULL, lock_often, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		down(&shared->to_parent);
		CHECK(sem_post(&shared->to_child) == 0);
	}
	CHECK_RC(pthread_join(tid, NULL), 0);
	pthread_barrier_wait(&shared->barrier);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(shared->value == ROUNDS);
	return check_done(__FILE__);
}
