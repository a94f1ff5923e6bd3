/*
 * A deadlock of one kind, by argument: self (a mutex taken twice), cond (nobody signals), sem
 * (nobody posts), join (two threads join each other), rwlock (a reader reads again behind a waiting
 * writer), ended (the owner of a mutex has ended), barrier (one too few), once (two initialisers
 * that need each other), pipe (both ends are ours and nobody writes), spin (a spin lock taken
 * twice), detached (main has left, a detached thread waits for nothing), last (main waits for what
 * a thread did not do before it ended: its end is the last thing that happens), fork (a child waits
 * for a mutex that a thread had when it was made).
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_once_t once_a = PTHREAD_ONCE_INIT, once_b = PTHREAD_ONCE_INIT;
static pthread_rwlock_t rwlock;
static pthread_barrier_t two, three;
static pthread_t first, second;
static sem_t sem;

static void *take_lock(void *unused)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	return unused;
}

static void *take_twice(void *unused)
{
	take_lock(NULL);
	take_lock(NULL);
	return unused;
}

static void *wait_cond(void *unused)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	for (;;)
		CHECK_RC(pthread_cond_wait(&never, &lock), 0);
	return unused;
}

static void *nothing(void *unused)
{
	return unused;
}

static void *wait_sem(void *unused)
{
	while (sem_wait(&sem) == -1)
		CHECK(errno == EINTR);
	return unused;
}

static void *lock_and_wait(void *unused)
{
	take_lock(NULL);
	pthread_barrier_wait(&two);
	return wait_sem(unused);
}

static void fork_while_locked(void)
{
	pid_t child;

	CHECK_RC(pthread_create(&first, NULL, lock_and_wait, NULL), 0);
	pthread_barrier_wait(&two);
	child = fork();
	CHECK(child != -1);
	if (child == 0) {
		take_lock(NULL);
		_exit(0);
	}
	CHECK(waitpid(child, NULL, 0) == child);
}

static void *join_other(void *other)
{
	pthread_barrier_wait(&two);
	pthread_join(*(pthread_t *)other, NULL);
	return NULL;
}

static void *wait_three(void *unused)
{
	pthread_barrier_wait(&three);
	return unused;
}

static void *write_lock(void *unused)
{
	CHECK_RC(pthread_rwlock_wrlock(&rwlock), 0);
	return unused;
}

static void *read_twice(void *unused)
{
	CHECK_RC(pthread_rwlock_rdlock(&rwlock), 0);
	CHECK_RC(pthread_create(&second, NULL, write_lock, NULL), 0);
	while (pthread_rwlock_tryrdlock(&rwlock) == 0) {
		CHECK_RC(pthread_rwlock_unlock(&rwlock), 0);
		sched_yield();
	}
	CHECK_RC(pthread_rwlock_rdlock(&rwlock), 0);
	return unused;
}

static void init_nothing(void)
{
}

static void init_a(void)
{
	pthread_barrier_wait(&two);
	pthread_once(&once_b, init_nothing);
}

static void init_b(void)
{
	pthread_barrier_wait(&two);
	pthread_once(&once_a, init_nothing);
}

static void *run_a(void *unused)
{
	pthread_once(&once_a, init_a);
	return unused;
}

static void *run_b(void *unused)
{
	pthread_once(&once_b, init_b);
	return unused;
}

static void *read_pipe(void *unused)
{
	int fd[2];
	char byte;

	CHECK(pipe(fd) == 0);
	CHECK(read(fd[0], &byte, 1) == 1);
	return unused;
}

static void *spin_twice(void *unused)
{
	pthread_spinlock_t spin;

	CHECK_RC(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE), 0);
	CHECK_RC(pthread_spin_lock(&spin), 0);
	CHECK_RC(pthread_spin_lock(&spin), 0);
	return unused;
}

static void run(void *(*body)(void *), void *arg, void *(*other)(void *), void *other_arg)
{
	CHECK_RC(pthread_create(&first, NULL, body, arg), 0);
	if (other)
		CHECK_RC(pthread_create(&second, NULL, other, other_arg), 0);
	CHECK_RC(pthread_join(first, NULL), 0);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "self";
	pthread_rwlockattr_t attr;

	CHECK(sem_init(&sem, 0, 0) == 0);
	CHECK_RC(pthread_barrier_init(&two, NULL, 2), 0);
	CHECK_RC(pthread_barrier_init(&three, NULL, 3), 0);
	CHECK_RC(pthread_rwlockattr_init(&attr), 0);
	CHECK_RC(pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP),
		 0);
	CHECK_RC(pthread_rwlock_init(&rwlock, &attr), 0);
	if (strcmp(kind, "self") == 0)
		run(take_twice, NULL, NULL, NULL);
	else if (strcmp(kind, "cond") == 0)
		run(wait_cond, NULL, NULL, NULL);
	else if (strcmp(kind, "sem") == 0)
		run(wait_sem, NULL, NULL, NULL);
	else if (strcmp(kind, "join") == 0)
		run(join_other, &second, join_other, &first);
	else if (strcmp(kind, "rwlock") == 0)
		run(read_twice, NULL, NULL, NULL);
	else if (strcmp(kind, "barrier") == 0)
		run(wait_three, NULL, wait_three, NULL);
	else if (strcmp(kind, "once") == 0)
		run(run_a, NULL, run_b, NULL);
	else if (strcmp(kind, "pipe") == 0)
		run(read_pipe, NULL, NULL, NULL);
	else if (strcmp(kind, "spin") == 0)
		run(spin_twice, NULL, NULL, NULL);
	else if (strcmp(kind, "ended") == 0) {
		run(take_lock, NULL, NULL, NULL);
		take_lock(NULL);
	} else if (strcmp(kind, "fork") == 0) {
		fork_while_locked();
	} else if (strcmp(kind, "last") == 0) {
		CHECK_RC(pthread_create(&first, NULL, nothing, NULL), 0);
		wait_cond(NULL);
	} else if (strcmp(kind, "detached") == 0) {
		CHECK_RC(pthread_create(&first, NULL, wait_sem, NULL), 0);
		CHECK_RC(pthread_detach(first), 0);
		pthread_exit(NULL);
	} else {
		fprintf(stderr, "deadlock_kinds: no kind %s\n", kind);
		return 2;
	}
	return check_done(__FILE__);
}
