/*
 * Eight threads that use every synchronisation primitive, all contended: for tests that the same
 * seed gives the same run. The argument is the number of rounds (default 10).
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <threads.h>
#include "tests/targets/check.h"

enum { THREADS = 8, SLOTS = 2 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t robust;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t slots, *named;
static mtx_t c11_mutex;
static cnd_t c11_changed;
static _Atomic uint32_t word;
static int pipe_fd[2];
static int rounds, queued, turn, inits, serial;
static int by_mutex, by_trylock, by_rwlock, by_spin, by_named, by_timed, inside;

static void init(void)
{
	inits++;
}

static void locks(void)
{
	struct timespec at = check_after(CLOCK_REALTIME, 3600 * 1000L);

	CHECK_RC(pthread_mutex_lock(&mutex), 0);
	by_mutex++;
	CHECK_RC(pthread_mutex_unlock(&mutex), 0);
	CHECK_RC(pthread_mutex_lock(&recursive), 0);
	CHECK_RC(pthread_mutex_lock(&recursive), 0);
	CHECK_RC(pthread_mutex_unlock(&recursive), 0);
	CHECK_RC(pthread_mutex_unlock(&recursive), 0);
	while (pthread_mutex_trylock(&checking) != 0)
		sched_yield();
	by_trylock++;
	CHECK_RC(pthread_mutex_unlock(&checking), 0);
	CHECK_RC(pthread_mutex_timedlock(&robust, &at), 0);
	by_timed++;
	CHECK_RC(pthread_mutex_unlock(&robust), 0);
	CHECK_RC(pthread_spin_lock(&spin), 0);
	by_spin++;
	CHECK_RC(pthread_spin_unlock(&spin), 0);
}

static void semaphores(void)
{
	while (sem_wait(&slots) == -1)
		CHECK(errno == EINTR);
	CHECK(sem_post(&slots) == 0);
	while (sem_wait(named) == -1)
		CHECK(errno == EINTR);
	by_named++;
	CHECK(sem_post(named) == 0);
}

static void readers_and_writers(int me)
{
	if (me % 3 == 0) {
		CHECK_RC(pthread_rwlock_wrlock(&rwlock), 0);
		by_rwlock++;
	} else {
		CHECK_RC(pthread_rwlock_rdlock(&rwlock), 0);
	}
	CHECK_RC(pthread_rwlock_unlock(&rwlock), 0);
}

/* Even threads put, odd ones take: a queue of two places. */
static void conditions(int me)
{
	CHECK_RC(pthread_mutex_lock(&mutex), 0);
	if (me % 2 == 0) {
		while (queued == SLOTS)
			CHECK_RC(pthread_cond_wait(&not_full, &mutex), 0);
		queued++;
		CHECK_RC(pthread_cond_signal(&not_empty), 0);
	} else {
		while (queued == 0)
			CHECK_RC(pthread_cond_wait(&not_empty, &mutex), 0);
		queued--;
		CHECK_RC(pthread_cond_broadcast(&not_full), 0);
	}
	CHECK_RC(pthread_mutex_unlock(&mutex), 0);
}

/* Each thread in its turn, by a C11 condition. */
static void turns(int me)
{
	CHECK(mtx_lock(&c11_mutex) == thrd_success);
	while (turn % THREADS != me)
		CHECK(cnd_wait(&c11_changed, &c11_mutex) == thrd_success);
	turn++;
	CHECK(cnd_broadcast(&c11_changed) == thrd_success);
	CHECK(mtx_unlock(&c11_mutex) == thrd_success);
}

static void raw_futex(void)
{
	uint32_t free = 0;

	while (!atomic_compare_exchange_strong(&word, &free, 1)) {
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, NULL);
		free = 0;
	}
	CHECK(inside++ == 0);
	inside--;
	word = 0;
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
}

/* One byte goes round: who has read it writes it back. */
static void token(void)
{
	char c;

	CHECK(read(pipe_fd[0], &c, 1) == 1);
	CHECK(write(pipe_fd[1], &c, 1) == 1);
}

static void *body(void *number)
{
	int me = (int)(intptr_t)number;

	CHECK_RC(pthread_once(&once, init), 0);
	for (int round = 0; round < rounds; round++) {
		locks();
		semaphores();
		readers_and_writers(me);
		conditions(me);
		turns(me);
		raw_futex();
		token();
		usleep((useconds_t)(me * 10));
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			serial++;
	}
	return number;
}

int main(int argc, char **argv)
{
	pthread_mutexattr_t attr;
	pthread_t tid[THREADS];
	char name[64];

	rounds = argc > 1 ? atoi(argv[1]) : 10;
	CHECK_RC(pthread_mutexattr_init(&attr), 0);
	CHECK_RC(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
	CHECK_RC(pthread_mutex_init(&robust, &attr), 0);
	CHECK_RC(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE), 0);
	CHECK_RC(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	CHECK(sem_init(&slots, 0, SLOTS) == 0);
	snprintf(name, sizeof(name), "/target-all-%d", getpid());
	named = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
	CHECK(named != SEM_FAILED && sem_unlink(name) == 0);
	CHECK(mtx_init(&c11_mutex, mtx_plain) == thrd_success);
	CHECK(cnd_init(&c11_changed) == thrd_success);
	CHECK(pipe(pipe_fd) == 0 && write(pipe_fd[1], "x", 1) == 1);
	for (intptr_t i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(inits == 1 && serial == rounds && turn == THREADS * rounds && queued == 0);
	CHECK(by_mutex == THREADS * rounds && by_trylock == by_mutex && by_timed == by_mutex);
	CHECK(by_spin == by_mutex && by_named == by_mutex && by_rwlock == 3 * rounds);
	CHECK(sem_close(named) == 0);
	return check_done(__FILE__);
}
