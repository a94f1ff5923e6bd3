/*
 * poll, ppoll, select and pselect: wake-up by another thread, time-out, no time-out, as a mere
 * sleep, several descriptors, a descriptor that hangs up.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/select.h>
#include "tests/targets/check.h"

static int fd[2], idle[2];
static pthread_barrier_t go;

static void *writer(void *unused)
{
	for (int i = 0; i < 4; i++) {
		pthread_barrier_wait(&go);
		CHECK(write(fd[1], "x", 1) == 1);
	}
	pthread_barrier_wait(&go);
	CHECK(close(fd[1]) == 0);
	return unused;
}

static void eat(void)
{
	char c;

	CHECK(read(fd[0], &c, 1) == 1);
}

static void wake_ups(void)
{
	struct pollfd pfd[2] = { { idle[0], POLLIN, 0 }, { fd[0], POLLIN, 0 } };
	struct timespec long_ts = { 3600, 0 };
	struct timeval long_tv = { 3600, 0 };
	fd_set set;

	pthread_barrier_wait(&go);
	CHECK(poll(pfd, 2, -1) == 1 && pfd[0].revents == 0 && pfd[1].revents == POLLIN);
	eat();
	pthread_barrier_wait(&go);
	CHECK(ppoll(pfd, 2, &long_ts, NULL) == 1 && pfd[1].revents == POLLIN);
	eat();
	pthread_barrier_wait(&go);
	FD_ZERO(&set);
	FD_SET(idle[0], &set);
	FD_SET(fd[0], &set);
	CHECK(select(1024, &set, NULL, NULL, &long_tv) == 1);
	CHECK(FD_ISSET(fd[0], &set) && !FD_ISSET(idle[0], &set));
	eat();
	pthread_barrier_wait(&go);
	FD_SET(idle[0], &set);
	CHECK(pselect(1024, &set, NULL, NULL, NULL, NULL) == 1 && FD_ISSET(fd[0], &set));
	eat();
	pthread_barrier_wait(&go);
	CHECK(poll(pfd, 2, 3600 * 1000) == 1 && (pfd[1].revents & POLLHUP));
}

static void time_outs(int second)
{
	struct timespec ts = { second / 1000, second % 1000 * 1000000 }, before, after;
	struct timeval tv = { second / 1000, second % 1000 * 1000 };
	struct pollfd pfd = { idle[0], POLLIN, 0 };
	fd_set set;

	clock_gettime(CLOCK_MONOTONIC, &before);
	CHECK(poll(&pfd, 1, second) == 0);
	CHECK(poll(NULL, 0, second) == 0);
	CHECK(ppoll(&pfd, 1, &ts, NULL) == 0);
	FD_ZERO(&set);
	FD_SET(idle[0], &set);
	CHECK(select(idle[0] + 1, &set, NULL, NULL, &tv) == 0 && !FD_ISSET(idle[0], &set));
	CHECK(pselect(0, NULL, NULL, NULL, &ts, NULL) == 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(check_ms_between(before, after) >= 5 * second - 5);

	tv.tv_sec = tv.tv_usec = 0;
	FD_SET(idle[0], &set);
	CHECK(select(idle[0] + 1, &set, NULL, NULL, &tv) == 0);
	CHECK(poll(&pfd, 1, 0) == 0);
	pfd.events = POLLOUT;
	pfd.fd = idle[1];
	CHECK(poll(&pfd, 1, -1) == 1 && pfd.revents == POLLOUT);
	pfd.fd = 1000000;
	CHECK(poll(&pfd, 1, -1) == 1 && pfd.revents == POLLNVAL);
}

int main(int argc, char **argv)
{
	pthread_t tid;

	CHECK(pipe(fd) == 0 && pipe(idle) == 0);
	CHECK_RC(pthread_barrier_init(&go, NULL, 2), 0);
	CHECK_RC(pthread_create(&tid, NULL, writer, NULL), 0);
	wake_ups();
	CHECK_RC(pthread_join(tid, NULL), 0);
	time_outs(check_second(argc, argv));
	return check_done(__FILE__);
}
