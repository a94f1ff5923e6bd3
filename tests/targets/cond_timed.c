/*
 * Timed condition waits on both clocks (timedwait, timedwait with the clock attribute, clockwait):
 * they time out with the mutex held again, and end early when they are signalled.
 */
#include <pthread.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t realtime = PTHREAD_COND_INITIALIZER;
static pthread_cond_t monotonic;
static int served;

static void *server(void *cond)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	served = 1;
	CHECK_RC(pthread_cond_signal(cond), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	return NULL;
}

static void times_out(pthread_cond_t *cond, clockid_t clock, int with_clock, long ms)
{
	struct timespec before, after, at = check_after(clock, ms);
	int rc;

	clock_gettime(clock, &before);
	do {
		rc = with_clock ? pthread_cond_clockwait(cond, &lock, clock, &at)
				: pthread_cond_timedwait(cond, &lock, &at);
	} while (rc == 0); /* a spurious wake-up */
	CHECK(rc == ETIMEDOUT);
	CHECK_RC(pthread_mutex_trylock(&lock), EBUSY);
	clock_gettime(clock, &after);
	CHECK(check_ms_between(before, after) >= ms - 1);
}

static void is_signalled(pthread_cond_t *cond, clockid_t clock, int with_clock)
{
	struct timespec at = check_after(clock, 3600 * 1000L);
	pthread_t tid;

	served = 0;
	CHECK_RC(pthread_create(&tid, NULL, server, cond), 0);
	while (!served)
		CHECK_RC(with_clock ? pthread_cond_clockwait(cond, &lock, clock, &at)
				    : pthread_cond_timedwait(cond, &lock, &at),
			 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv);
	pthread_condattr_t attr;

	CHECK_RC(pthread_condattr_init(&attr), 0);
	CHECK_RC(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC), 0);
	CHECK_RC(pthread_cond_init(&monotonic, &attr), 0);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	times_out(&realtime, CLOCK_REALTIME, 0, 2 * second);
	times_out(&monotonic, CLOCK_MONOTONIC, 0, second);
	times_out(&realtime, CLOCK_MONOTONIC, 1, second);
	times_out(&monotonic, CLOCK_REALTIME, 1, second);
	times_out(&realtime, CLOCK_REALTIME, 0, -1000);
	is_signalled(&realtime, CLOCK_REALTIME, 0);
	is_signalled(&monotonic, CLOCK_MONOTONIC, 0);
	is_signalled(&realtime, CLOCK_MONOTONIC, 1);
	is_signalled(&monotonic, CLOCK_REALTIME, 1);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	return check_done(__FILE__);
}
