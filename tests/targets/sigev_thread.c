/*
 * A timer that notifies by a thread (SIGEV_THREAD): libc creates threads that nobody asked
 * pthread_create for; they take a lock and post a semaphore.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t fired;
static int count;

static void notify(union sigval value)
{
	CHECK(value.sival_int == 12);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	count++;
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	CHECK(sem_post(&fired) == 0);
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv);
	struct timespec period = { second / 1000, second % 1000 * 1000000 };
	struct itimerspec spec = { period, period };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD,
				  .sigev_notify_function = notify,
				  .sigev_value.sival_int = 12 };
	timer_t timer;

	CHECK(sem_init(&fired, 0, 0) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	CHECK(timer_settime(timer, 0, &spec, NULL) == 0);
	for (int i = 0; i < 3; i++)
		while (sem_wait(&fired) == -1)
			CHECK(errno == EINTR);
	CHECK(timer_delete(timer) == 0);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	CHECK(count >= 3);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	return check_done(__FILE__);
}
