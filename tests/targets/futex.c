/*
 * syscall(SYS_futex) as language runtimes use it: a mutex on WAIT and WAKE, time-outs of WAIT
 * (relative) and WAIT_BITSET (absolute, both clocks), BITSET selection, REQUEUE, CMP_REQUEUE.
 */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include "tests/targets/check.h"

enum { THREADS = 4, ROUNDS = 50 };

static _Atomic uint32_t lock, gate, other_gate, bits_gate;
static atomic_int waiting, woken, counter;

static long futex(_Atomic uint32_t *word, int op, uint32_t val, const void *timeout,
		  _Atomic uint32_t *second, uint32_t val3)
{
	return syscall(SYS_futex, word, op, val, timeout, second, val3);
}

/* Drepper's third mutex: 0 free, 1 taken, 2 taken with waiters. */
static void *add(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t seen = 0;

		if (!atomic_compare_exchange_strong(&lock, &seen, 1)) {
			if (seen != 2)
				seen = atomic_exchange(&lock, 2);
			while (seen != 0) {
				futex(&lock, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
				seen = atomic_exchange(&lock, 2);
			}
		}
		counter++;
		sched_yield();
		if (atomic_exchange(&lock, 0) == 2)
			CHECK(futex(&lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) >= 0);
	}
	return unused;
}

static void *wait_gate(void *unused)
{
	waiting++;
	while (gate == 0)
		CHECK(futex(&gate, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 || errno == EAGAIN ||
		      errno == EINTR);
	woken++;
	return unused;
}

static void *wait_bits(void *mask)
{
	long rc;

	waiting++;
	do
		rc = futex(&bits_gate, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL,
			   (uint32_t)(uintptr_t)mask);
	while (rc == -1 && errno == EINTR);
	CHECK(rc == 0);
	woken++;
	return NULL;
}

static void time_outs(int second)
{
	struct timespec before, after, at, rel = { second / 1000, second % 1000 * 1000000 };
	_Atomic uint32_t word = 5;

	CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &before);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 5, &rel, NULL, 0), ETIMEDOUT);
	at = check_after(CLOCK_MONOTONIC, second);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 5, &at, NULL, ~0u), ETIMEDOUT);
	at = check_after(CLOCK_REALTIME, second);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 5, &at, NULL,
			  ~0u),
		    ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(check_ms_between(before, after) >= 3 * second - 3);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 5, NULL, NULL, 0), EINVAL);
	CHECK(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0) == 0);
}

static void bitsets(void)
{
	pthread_t tid[2];
	int left = 1;

	waiting = woken = 0;
	for (uintptr_t i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, wait_bits, (void *)(i + 1)), 0);
	/* Wakes only the thread that waits with bit 1, and as soon as it does wait. */
	while (futex(&bits_gate, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, 2) == 0)
		sched_yield();
	CHECK_RC(pthread_join(tid[1], NULL), 0);
	CHECK(woken == 1);
	while ((left -= (int)futex(&bits_gate, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 1)) > 0)
		sched_yield();
	CHECK_RC(pthread_join(tid[0], NULL), 0);
	CHECK(woken == 2);
}

static void requeue(int op)
{
	pthread_t tid[THREADS];
	long moved = 0;

	gate = other_gate = 0;
	waiting = woken = 0;
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, wait_gate, NULL), 0);
	if (op == FUTEX_CMP_REQUEUE)
		CHECK_ERRNO(futex(&gate, op, 0, (void *)INT_MAX, &other_gate, 99), EAGAIN);
	/* All are moved without being woken, as they come. */
	while (moved < THREADS) {
		long n = futex(&gate, op, 0, (void *)INT_MAX, &other_gate, 0);

		CHECK(n >= 0);
		moved += n;
		if (n == 0)
			sched_yield();
	}
	CHECK(woken == 0 && waiting == THREADS);
	CHECK(futex(&gate, FUTEX_WAKE, INT_MAX, NULL, NULL, 0) == 0);
	gate = 1;
	CHECK(futex(&other_gate, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
	CHECK(futex(&other_gate, FUTEX_WAKE, INT_MAX, NULL, NULL, 0) == THREADS - 1);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(woken == THREADS);
}

int main(int argc, char **argv)
{
	pthread_t tid[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, add, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(counter == THREADS * ROUNDS && lock == 0);
	time_outs(check_second(argc, argv));
	bitsets();
	requeue(FUTEX_REQUEUE);
	requeue(FUTEX_CMP_REQUEUE);
	return check_done(__FILE__);
}
