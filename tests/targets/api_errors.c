/*
 * What calls answer in the cases that are easily got wrong: malformed and passed times, unknown
 * clocks, locks that are held already, numbers out of range. Everything is printed, so the output
 * is compared with that of a native run.
 */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include "tests/targets/check.h"

/* For functions that return an error number; that set errno; that do neither. */
#define NUMBER(call) show(__LINE__, #call, 0, call)
#define ERRNO(call)                                                      \
	do {                                                             \
		errno = 0;                                               \
		long result_ = (call);                                   \
		show(__LINE__, #call, result_, result_ < 0 ? errno : 0); \
	} while (0)
#define VALUE(call) show(__LINE__, #call, call, 0)

static const struct timespec malformed = { 1, -1 }, negative = { -5, 0 }, past = { 1, 0 };

static void show(int line, const char *call, long result, int error)
{
	printf("%d %s: %ld %s\n", line, call, result, error ? strerrorname_np(error) : "0");
}

static void *end_at_once(void *unused)
{
	return unused;
}

static void *end_on_post(void *sem)
{
	while (sem_wait(sem) == -1)
		CHECK(errno == EINTR);
	return NULL;
}

static void joining(void)
{
	static sem_t sem; /* a detached thread may use it late */
	pthread_t tid;

	CHECK(sem_init(&sem, 0, 0) == 0);
	CHECK_RC(pthread_create(&tid, NULL, end_on_post, &sem), 0);
	NUMBER(pthread_clockjoin_np(tid, NULL, CLOCK_BOOTTIME, &past));
	NUMBER(pthread_timedjoin_np(tid, NULL, &negative));
	NUMBER(pthread_timedjoin_np(tid, NULL, &past));
	NUMBER(pthread_tryjoin_np(tid, NULL));
	NUMBER(pthread_join(pthread_self(), NULL));
	CHECK(sem_post(&sem) == 0);
	NUMBER(pthread_join(tid, NULL));
	CHECK_RC(pthread_create(&tid, NULL, end_on_post, &sem), 0);
	NUMBER(pthread_detach(tid));
	NUMBER(pthread_detach(tid));
	NUMBER(pthread_join(tid, NULL));
	CHECK(sem_post(&sem) == 0);
	CHECK_RC(pthread_create(&tid, NULL, end_at_once, NULL), 0);
	NUMBER(pthread_join(tid, NULL));
}

static void semaphores(void)
{
	sem_t sem;

	ERRNO(sem_init(&sem, 0, (unsigned)SEM_VALUE_MAX + 1));
	for (int shared = 0; shared < 2; shared++) {
		ERRNO(sem_init(&sem, shared, 0));
		ERRNO(sem_clockwait(&sem, CLOCK_BOOTTIME, &past));
		ERRNO(sem_timedwait(&sem, &negative));
		ERRNO(sem_timedwait(&sem, &past));
		ERRNO(sem_trywait(&sem));
		ERRNO(sem_post(&sem));
		ERRNO(sem_clockwait(&sem, CLOCK_BOOTTIME, &past));
		ERRNO(sem_timedwait(&sem, &malformed));
		ERRNO(sem_timedwait(&sem, &negative));
		ERRNO(sem_trywait(&sem));
		ERRNO(sem_destroy(&sem));
	}
}

static void rwlocks(void)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

	NUMBER(pthread_rwlock_clockrdlock(&lock, CLOCK_BOOTTIME, &past));
	NUMBER(pthread_rwlock_timedrdlock(&lock, &malformed));
	NUMBER(pthread_rwlock_timedwrlock(&lock, &malformed));
	NUMBER(pthread_rwlock_timedrdlock(&lock, &past));
	NUMBER(pthread_rwlock_trywrlock(&lock));
	NUMBER(pthread_rwlock_timedwrlock(&lock, &past));
	NUMBER(pthread_rwlock_tryrdlock(&lock));
	NUMBER(pthread_rwlock_unlock(&lock));
	NUMBER(pthread_rwlock_unlock(&lock));
	NUMBER(pthread_rwlock_wrlock(&lock));
	NUMBER(pthread_rwlock_timedrdlock(&lock, &malformed));
	NUMBER(pthread_rwlock_timedrdlock(&lock, &past));
	NUMBER(pthread_rwlock_timedwrlock(&lock, &past));
	NUMBER(pthread_rwlock_tryrdlock(&lock));
	NUMBER(pthread_rwlock_trywrlock(&lock));
	NUMBER(pthread_rwlock_rdlock(&lock));
	NUMBER(pthread_rwlock_unlock(&lock));
}

static void mutexes(void)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

	NUMBER(pthread_mutex_clocklock(&lock, CLOCK_BOOTTIME, &past));
	NUMBER(pthread_mutex_timedlock(&lock, &malformed));
	NUMBER(pthread_mutex_timedlock(&lock, &malformed));
	NUMBER(pthread_mutex_timedlock(&lock, &past));
	NUMBER(pthread_mutex_timedlock(&lock, &negative));
	NUMBER(pthread_mutex_destroy(&lock));
	NUMBER(pthread_cond_timedwait(&cond, &lock, &negative));
	NUMBER(pthread_cond_timedwait(&cond, &lock, &past));
	NUMBER(pthread_cond_timedwait(&cond, &lock, &malformed));
	NUMBER(pthread_cond_clockwait(&cond, &lock, CLOCK_BOOTTIME, &past));
	NUMBER(pthread_cond_wait(&cond, &checking));
	NUMBER(pthread_mutex_unlock(&lock));
	NUMBER(pthread_mutex_lock(&checking));
	NUMBER(pthread_mutex_timedlock(&checking, &past));
	NUMBER(pthread_mutex_timedlock(&checking, &malformed));
	NUMBER(pthread_mutex_unlock(&checking));
	NUMBER(pthread_mutex_unlock(&checking));
}

static void sleeping(void)
{
	const struct timespec nothing = { 0, 0 };

	NUMBER(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &negative, NULL));
	NUMBER(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
	NUMBER(clock_nanosleep(CLOCK_TAI, TIMER_ABSTIME, &past, NULL));
	NUMBER(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, TIMER_ABSTIME, &past, NULL));
	NUMBER(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &nothing, NULL));
	NUMBER(clock_nanosleep(CLOCK_MONOTONIC_RAW, TIMER_ABSTIME, &past, NULL));
	NUMBER(clock_nanosleep(77, TIMER_ABSTIME, &past, NULL));
	NUMBER(clock_nanosleep(CLOCK_MONOTONIC, 0, &malformed, NULL));
	ERRNO(nanosleep(&malformed, NULL));
	ERRNO(nanosleep(&negative, NULL));
	ERRNO(usleep(0));
	VALUE(sleep(0));
	VALUE(thrd_sleep(&malformed, NULL));
	VALUE(thrd_sleep(&nothing, NULL));
}

static void clocks(void)
{
	struct timespec now;
	clockid_t clock;

	ERRNO(clock_gettime(12, &now));
	ERRNO(clock_gettime(10, &now));
	ERRNO(clock_gettime(CLOCK_TAI, &now));
	ERRNO(clock_gettime(-6, &now));
	ERRNO(clock_gettime(-5, &now));
	NUMBER(pthread_getcpuclockid(pthread_self(), &clock));
	ERRNO(clock_gettime(clock, &now));
	NUMBER(clock_getcpuclockid(0, &clock));
	ERRNO(clock_gettime(clock, &now));
	VALUE(timespec_get(&now, TIME_UTC));
	VALUE(timespec_get(&now, 99));
}

static void small_ones(void)
{
	pthread_barrier_t barrier;
	pthread_spinlock_t spin;

	NUMBER(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
	NUMBER(pthread_spin_lock(&spin));
	NUMBER(pthread_spin_trylock(&spin));
	NUMBER(pthread_spin_unlock(&spin));
	NUMBER(pthread_barrier_init(&barrier, NULL, 0));
	NUMBER(pthread_barrier_init(&barrier, NULL, UINT_MAX));
	NUMBER(pthread_barrier_init(&barrier, NULL, 1));
	VALUE(pthread_barrier_wait(&barrier));
	NUMBER(pthread_barrier_destroy(&barrier));
}

static void randomness(void)
{
	char bytes[300];

	ERRNO(getrandom(bytes, sizeof(bytes), 0));
	ERRNO(getrandom(bytes, sizeof(bytes), 8));
	ERRNO(getrandom(bytes, 10, GRND_RANDOM | GRND_INSECURE));
	ERRNO(getentropy(bytes, 256));
	ERRNO(getentropy(bytes, 257));
	ERRNO(syscall(SYS_getrandom, bytes, 10, 0));
}

static void c11(void)
{
	thrd_t thread;
	mtx_t lock;
	cnd_t cond;
	int value;

	VALUE(thrd_create(&thread, (thrd_start_t)(void (*)(void))abs, (void *)(intptr_t)-3));
	VALUE(thrd_join(thread, &value));
	VALUE(value);
	VALUE(mtx_init(&lock, mtx_timed));
	VALUE(mtx_lock(&lock));
	VALUE(mtx_trylock(&lock));
	VALUE(mtx_timedlock(&lock, &past));
	VALUE(mtx_timedlock(&lock, &malformed));
	VALUE(cnd_init(&cond));
	VALUE(cnd_timedwait(&cond, &lock, &past));
	VALUE(cnd_timedwait(&cond, &lock, &malformed));
	VALUE(mtx_unlock(&lock));
}

static long futex(void *word, int operation, uint32_t value, const void *timeout, void *word2,
		  uint32_t value3)
{
	return syscall(SYS_futex, word, operation, value, timeout, word2, value3);
}

static void futexes(void)
{
	const struct timespec short_time = { 0, 1000 };
	uint32_t word = 0, other = 0;
	const void *one = (const void *)1;

	ERRNO(futex(&word, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0));
	ERRNO(futex((char *)&word + 1, FUTEX_WAIT, 0, NULL, NULL, 0));
	ERRNO(futex(NULL, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	ERRNO(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0));
	ERRNO(futex(&word, FUTEX_WAIT, 0, &negative, NULL, 0));
	ERRNO(futex(&word, FUTEX_WAIT, 0, &malformed, NULL, 0));
	ERRNO(futex(&word, FUTEX_WAIT, 0, &short_time, NULL, 0));
	ERRNO(futex(&word, FUTEX_WAIT_BITSET, 0, &past, NULL, 1));
	ERRNO(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, NULL, 1));
	ERRNO(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
	ERRNO(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
	ERRNO(futex(&word, FUTEX_CMP_REQUEUE, (uint32_t)-1, one, &other, 0));
	ERRNO(futex(&word, FUTEX_CMP_REQUEUE, 1, one, &other, 7));
	ERRNO(futex(&word, 99, 0, NULL, NULL, 0));
	ERRNO(futex(&word, FUTEX_WAKE_OP, 1, one, &other,
		    FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0)));
	VALUE(other);
	ERRNO(futex(&word, FUTEX_WAKE_OP, 1, one, &other, FUTEX_OP(7, 5, FUTEX_OP_CMP_EQ, 0)));
	ERRNO(futex(&word, FUTEX_WAKE_OP, 1, one, &other, FUTEX_OP(FUTEX_OP_SET, 9, 9, 0)));
	VALUE(other);
	ERRNO(futex(&word, FUTEX_WAKE_OP, 1, one, &other,
		    FUTEX_OP((FUTEX_OP_OPARG_SHIFT | FUTEX_OP_XOR), 3, FUTEX_OP_CMP_LT, 0)));
	VALUE(other);
	ERRNO(syscall(SYS_nanosleep, &malformed, NULL));
	ERRNO(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &malformed, NULL));
	ERRNO(syscall(SYS_clock_gettime, 99, NULL));
	ERRNO(syscall(SYS_sched_yield));
	ERRNO(syscall(100000));
	ERRNO(syscall(SYS_read, 99, &word, 1));
}

int main(void)
{
	joining();
	semaphores();
	rwlocks();
	mutexes();
	sleeping();
	clocks();
	small_ones();
	randomness();
	c11();
	futexes();
	return check_done(__FILE__);
}
