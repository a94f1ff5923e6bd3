/*
 * epoll: level- and edge-triggered wake-ups by another thread, one-shot, time-outs of epoll_wait
 * and epoll_pwait, nested epoll, and two threads that wait on one set.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "tests/targets/check.h"

enum { JOBS = 40 };

static int set, jobs, stop;
static atomic_int taken;

static void add(int epfd, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	CHECK(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void *worker(void *unused)
{
	for (;;) {
		struct epoll_event event;
		eventfd_t value;
		int n = epoll_wait(set, &event, 1, -1);

		CHECK(n == 1 || (n == -1 && errno == EINTR));
		if (n != 1)
			continue;
		if (event.data.fd == stop)
			return unused;
		if (eventfd_read(jobs, &value) == 0)
			taken += (int)value;
		else
			CHECK(errno == EAGAIN);
	}
}

static void *ring(void *fd)
{
	CHECK(eventfd_write(*(int *)fd, 1) == 0);
	return NULL;
}

static void pool(void)
{
	pthread_t tid[2];

	set = epoll_create1(EPOLL_CLOEXEC);
	jobs = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
	stop = eventfd(0, 0);
	CHECK(set >= 0 && jobs >= 0 && stop >= 0);
	add(set, jobs, EPOLLIN);
	add(set, stop, EPOLLIN);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, worker, NULL), 0);
	for (int i = 0; i < JOBS; i++)
		CHECK(eventfd_write(jobs, 1) == 0);
	while (taken < JOBS)
		sched_yield();
	CHECK(eventfd_write(stop, 1) == 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(taken == JOBS);
}

static void kinds(int second)
{
	struct timespec before, after;
	struct epoll_event event;
	int bell = eventfd(0, 0), inner = epoll_create1(0), outer = epoll_create1(0);
	pthread_t tid;

	CHECK(bell >= 0 && inner >= 0 && outer >= 0);
	add(inner, bell, EPOLLIN | EPOLLET);
	add(outer, inner, EPOLLIN);
	clock_gettime(CLOCK_MONOTONIC, &before);
	CHECK(epoll_wait(inner, &event, 1, second) == 0);
	CHECK(epoll_pwait(outer, &event, 1, second, NULL) == 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(check_ms_between(before, after) >= 2 * second - 2);

	CHECK_RC(pthread_create(&tid, NULL, ring, &bell), 0);
	CHECK(epoll_wait(outer, &event, 1, -1) == 1 && event.data.fd == inner);
	CHECK(epoll_wait(inner, &event, 1, 3600 * 1000) == 1 && event.data.fd == bell);
	CHECK(epoll_wait(inner, &event, 1, 0) == 0); /* edge-triggered: told once */
	CHECK_RC(pthread_join(tid, NULL), 0);

	event.events = EPOLLIN | EPOLLONESHOT;
	event.data.fd = bell;
	CHECK(epoll_ctl(inner, EPOLL_CTL_MOD, bell, &event) == 0);
	CHECK(epoll_wait(inner, &event, 1, -1) == 1);
	CHECK(epoll_wait(inner, &event, 1, 0) == 0);
	CHECK(epoll_ctl(inner, EPOLL_CTL_DEL, bell, NULL) == 0);
	CHECK_ERRNO(epoll_ctl(inner, EPOLL_CTL_DEL, bell, NULL), ENOENT);
}

int main(int argc, char **argv)
{
	pool();
	kinds(check_second(argc, argv));
	return check_done(__FILE__);
}
