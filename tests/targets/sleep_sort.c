/*
 * Four threads sleep 10, 3, 7 and 1 seconds by four different calls and print in the order of their
 * wake-ups, while main waits 5.5 seconds on a condition variable. With virtual time it takes
 * milliseconds; the argument says how many milliseconds a second lasts.
 */
#include <pthread.h>
#include <sys/select.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static int second;

static void say(int seconds)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	printf("slept %d\n", seconds);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
}

static void *ten(void *unused)
{
	struct timespec ts = { 10 * second / 1000, 10 * second % 1000 * 1000000 };

	CHECK(nanosleep(&ts, NULL) == 0);
	say(10);
	return unused;
}

static void *three(void *unused)
{
	CHECK(usleep((useconds_t)(3 * second * 1000)) == 0);
	say(3);
	return unused;
}

static void *seven(void *unused)
{
	struct timespec at = check_after(CLOCK_MONOTONIC, 7 * second);

	CHECK_RC(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL), 0);
	say(7);
	return unused;
}

static void *one(void *unused)
{
	struct timeval tv = { second / 1000, second % 1000 * 1000 };

	if (second == 1000)
		CHECK(sleep(1) == 0);
	else
		CHECK(select(0, NULL, NULL, NULL, &tv) == 0);
	say(1);
	return unused;
}

int main(int argc, char **argv)
{
	void *(*const body[])(void *) = { ten, three, seven, one };
	struct timespec before, after, at;
	pthread_t tid[4];
	int rc;

	second = check_second(argc, argv);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 4; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body[i], NULL), 0);
	at = check_after(CLOCK_REALTIME, 11 * second / 2);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	while ((rc = pthread_cond_timedwait(&never, &lock, &at)) == 0)
		;
	CHECK(rc == ETIMEDOUT);
	printf("waited 5.5\n");
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	for (int i = 0; i < 4; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(check_ms_between(before, after) >= 10 * second);
	return check_done(__FILE__);
}
