/*
 * timerfd: one shot, periodic, absolute, disarmed; read that blocks, poll and epoll on it while
 * another thread works. Time-outs are to be virtual.
 */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int second;

static struct timespec span(long ms)
{
	return (struct timespec){ ms / 1000, ms % 1000 * 1000000 };
}

static void *work(void *unused)
{
	for (int i = 0; i < 100; i++) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return unused;
}

static void *periodic(void *unused)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec spec = { .it_value = span(second), .it_interval = span(second) };
	uint64_t ticks, total = 0;

	CHECK(fd >= 0 && timerfd_settime(fd, 0, &spec, NULL) == 0);
	while (total < 3) {
		CHECK(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks > 0);
		total += ticks;
	}
	CHECK(close(fd) == 0);
	return unused;
}

int main(int argc, char **argv)
{
	struct itimerspec spec = { 0 }, old;
	struct timespec before, after;
	struct epoll_event event = { .events = EPOLLIN };
	pthread_t tid[2];
	uint64_t ticks;
	int fd, epfd;

	second = check_second(argc, argv);
	fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	epfd = epoll_create1(0);
	CHECK(fd >= 0 && epfd >= 0);
	CHECK_RC(pthread_create(&tid[0], NULL, periodic, NULL), 0);
	CHECK_RC(pthread_create(&tid[1], NULL, work, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	spec.it_value = check_after(CLOCK_REALTIME, 3600 * 1000L);
	CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0);
	CHECK(timerfd_gettime(fd, &old) == 0 && old.it_value.tv_sec > 3000);
	CHECK_ERRNO(read(fd, &ticks, sizeof(ticks)), EAGAIN);
	spec.it_value = check_after(CLOCK_REALTIME, second);
	CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0);
	CHECK(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, -1) == 1);
	CHECK(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks == 1);
	spec.it_value = span(second);
	CHECK(timerfd_settime(fd, 0, &spec, NULL) == 0);
	CHECK(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) == 0);
	CHECK(epoll_wait(epfd, &event, 1, -1) == 1);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(check_ms_between(before, after) >= 2 * second - 2);

	spec.it_value = span(second);
	CHECK(timerfd_settime(fd, 0, &spec, NULL) == 0);
	spec.it_value = span(0);
	CHECK(timerfd_settime(fd, 0, &spec, &old) == 0);
	CHECK(old.it_value.tv_sec * 1000 + old.it_value.tv_nsec / 1000000 <= second);
	CHECK(epoll_wait(epfd, &event, 1, 2 * second) == 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	return check_done(__FILE__);
}
