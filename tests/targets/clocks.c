/*
 * Clocks: none goes back, not seen from another thread either; all move while a thread sleeps; a
 * loop that polls the time without sleeping ends; errors of bad arguments.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/time.h>
#include "tests/targets/check.h"

enum { THREADS = 3, ROUNDS = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec newest;

static void *compare(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct timespec now;

		CHECK_RC(pthread_mutex_lock(&lock), 0);
		CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
		CHECK(now.tv_sec > newest.tv_sec ||
		      (now.tv_sec == newest.tv_sec && now.tv_nsec >= newest.tv_nsec));
		newest = now;
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return unused;
}

static void moves(clockid_t clock, long ms, long tick)
{
	struct timespec before, after;

	CHECK(clock_gettime(clock, &before) == 0);
	check_sleep(ms);
	CHECK(clock_gettime(clock, &after) == 0);
	CHECK(check_ms_between(before, after) >= ms - tick);
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv);
	struct timespec before, now, res;
	struct timeval tv, later;
	pthread_t tid[THREADS];
	time_t start;

	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, compare, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);

	moves(CLOCK_MONOTONIC, second, 1);
	moves(CLOCK_REALTIME, second, 1);
	moves(CLOCK_BOOTTIME, second, 1);
	moves(CLOCK_MONOTONIC_RAW, second, 1);
	moves(CLOCK_MONOTONIC_COARSE, second, 12);
	CHECK(gettimeofday(&tv, NULL) == 0);
	start = time(NULL);
	check_sleep(second);
	CHECK(gettimeofday(&later, NULL) == 0);
	CHECK((later.tv_sec - tv.tv_sec) * 1000 + (later.tv_usec - tv.tv_usec) / 1000 >=
	      second - 1);
	CHECK(time(NULL) >= start);
	CHECK(timespec_get(&now, TIME_UTC) == TIME_UTC);
	CHECK(now.tv_sec >= later.tv_sec);

	/* Two milliseconds of polling: each reading moves a virtual clock a little. */
	CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
	do
		CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	while (check_ms_between(before, now) < 2);

	CHECK(clock_getres(CLOCK_MONOTONIC, &res) == 0 && res.tv_sec == 0);
	CHECK_ERRNO(clock_gettime(12345, &now), EINVAL);
	CHECK_RC(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 0, -1 }, NULL), EINVAL);
	CHECK_ERRNO(nanosleep(&(struct timespec){ -1, 0 }, NULL), EINVAL);
	return check_done(__FILE__);
}
