/*
 * Two thousand open descriptors (or as many as the argument says): the numbers are handed out
 * without gaps, poll and epoll look at all of them, a thread writes to the last.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include "tests/targets/check.h"

static int last_write;

static void *ring(void *unused)
{
	CHECK(write(last_write, "x", 1) == 1);
	return unused;
}

int main(int argc, char **argv)
{
	int pairs = (argc > 1 ? atoi(argv[1]) : 2000) / 2, lowest, epfd;
	struct rlimit limit;
	struct epoll_event event;
	struct pollfd *pfd = calloc((size_t)pairs, sizeof(*pfd));
	pthread_t tid;
	char c;

	CHECK(pfd && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur < (rlim_t)(2 * pairs + 20))
		limit.rlim_cur = (rlim_t)(2 * pairs + 20);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	closefrom(3); /* what we inherited would make gaps */
	lowest = open("/dev/null", O_RDONLY);
	CHECK(lowest >= 0 && close(lowest) == 0);
	epfd = epoll_create1(0);
	CHECK(epfd == lowest);
	for (int i = 0; i < pairs; i++) {
		int fd[2];

		CHECK(pipe(fd) == 0 && fd[0] == lowest + 1 + 2 * i && fd[1] == fd[0] + 1);
		pfd[i] = (struct pollfd){ fd[0], POLLIN, 0 };
		event = (struct epoll_event){ .events = EPOLLIN, .data.fd = fd[0] };
		CHECK(epoll_ctl(epfd, EPOLL_CTL_ADD, fd[0], &event) == 0);
		last_write = fd[1];
	}
	CHECK_RC(pthread_create(&tid, NULL, ring, NULL), 0);
	CHECK(poll(pfd, (nfds_t)pairs, -1) == 1 && pfd[pairs - 1].revents == POLLIN);
	CHECK(epoll_wait(epfd, &event, 1, -1) == 1 && event.data.fd == pfd[pairs - 1].fd);
	CHECK(read(event.data.fd, &c, 1) == 1);
	CHECK_RC(pthread_join(tid, NULL), 0);
	free(pfd);
	return check_done(__FILE__);
}
