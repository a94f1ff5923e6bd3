/*
 * A readers-writer lock that prefers writers: while a writer waits, a new reader has to wait behind
 * it; with the default kind it does not.
 */
#include <pthread.h>
#include "tests/targets/check.h"

static pthread_rwlock_t lock;
static int value;

static void *writer(void *unused)
{
	CHECK_RC(pthread_rwlock_wrlock(&lock), 0);
	value++;
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	return unused;
}

static void *reader(void *seen)
{
	CHECK_RC(pthread_rwlock_rdlock(&lock), 0);
	*(int *)seen = value;
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	return NULL;
}

int main(void)
{
	pthread_rwlockattr_t attr;
	pthread_t writing, reading;
	int rc, seen = -1;

	CHECK_RC(pthread_rwlockattr_init(&attr), 0);
	CHECK_RC(pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP),
		 0);
	CHECK_RC(pthread_rwlock_init(&lock, &attr), 0);
	CHECK_RC(pthread_rwlock_rdlock(&lock), 0);
	CHECK_RC(pthread_create(&writing, NULL, writer, NULL), 0);
	/* As soon as the writer waits, no further reader is let in. */
	while ((rc = pthread_rwlock_tryrdlock(&lock)) == 0) {
		CHECK_RC(pthread_rwlock_unlock(&lock), 0);
		sched_yield();
	}
	CHECK(rc == EBUSY);
	CHECK_RC(pthread_create(&reading, NULL, reader, &seen), 0);
	CHECK(value == 0 && seen == -1);
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	CHECK_RC(pthread_join(reading, NULL), 0);
	CHECK_RC(pthread_join(writing, NULL), 0);
	CHECK(value == 1 && seen == 1);
	CHECK_RC(pthread_rwlock_destroy(&lock), 0);

	/* The default kind prefers readers: a nested read lock never waits for a waiting writer. */
	CHECK_RC(pthread_rwlock_init(&lock, NULL), 0);
	CHECK_RC(pthread_rwlock_rdlock(&lock), 0);
	CHECK_RC(pthread_create(&writing, NULL, writer, NULL), 0);
	sched_yield();
	CHECK_RC(pthread_rwlock_rdlock(&lock), 0);
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	CHECK(value == 1);
	CHECK_RC(pthread_rwlock_unlock(&lock), 0);
	CHECK_RC(pthread_join(writing, NULL), 0);
	CHECK(value == 2);
	return check_done(__FILE__);
}
