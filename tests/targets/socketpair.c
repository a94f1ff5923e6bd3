/*
 * A socket pair between threads: send, recv, sendmsg and recvmsg (with a descriptor passed along),
 * datagrams, shutdown, and a receive time-out set by a socket option.
 */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "tests/targets/check.h"

static int stream[2], gram[2];

static void *echo(void *unused)
{
	char buf[64];
	ssize_t n;

	while ((n = recv(stream[1], buf, sizeof(buf), 0)) > 0)
		CHECK(send(stream[1], buf, (size_t)n, 0) == n);
	CHECK(n == 0 && shutdown(stream[1], SHUT_WR) == 0);
	return unused;
}

static void *pass_descriptor(void *unused)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	int fd[2];
	char body[] = "take it";
	struct iovec iov = { body, sizeof(body) };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	CHECK(pipe(fd) == 0 && write(fd[1], "!", 1) == 1);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd[0], sizeof(int));
	CHECK(sendmsg(gram[0], &message, 0) == (ssize_t)sizeof(body));
	CHECK(close(fd[0]) == 0 && close(fd[1]) == 0);
	return unused;
}

static void receive_descriptor(void)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char body[32], c;
	struct iovec iov = { body, sizeof(body) };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fd;

	CHECK(recvmsg(gram[1], &message, 0) == 8 && strcmp(body, "take it") == 0);
	CHECK(control.header.cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(int));
	CHECK(read(fd, &c, 1) == 1 && c == '!');
	CHECK(close(fd) == 0);
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv);
	struct timeval tv = { second / 1000, second % 1000 * 1000 };
	pthread_t tid;
	char buf[64];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, stream) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, gram) == 0);
	CHECK_RC(pthread_create(&tid, NULL, echo, NULL), 0);
	for (int i = 0; i < 20; i++) {
		int len = snprintf(buf, sizeof(buf), "message %d", i);

		CHECK(send(stream[0], buf, (size_t)len, MSG_NOSIGNAL) == len);
		memset(buf, 0, sizeof(buf));
		CHECK(recv(stream[0], buf, (size_t)len, MSG_WAITALL) == len);
		CHECK(atoi(buf + 8) == i);
	}
	CHECK_ERRNO(recv(stream[0], buf, 1, MSG_DONTWAIT), EAGAIN);
	CHECK(setsockopt(stream[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	CHECK_ERRNO(recv(stream[0], buf, 1, 0), EAGAIN);
	tv = (struct timeval){ 0, 0 };
	CHECK(setsockopt(stream[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	CHECK(shutdown(stream[0], SHUT_WR) == 0);
	CHECK(recv(stream[0], buf, 1, 0) == 0);
	CHECK_RC(pthread_join(tid, NULL), 0);

	CHECK_RC(pthread_create(&tid, NULL, pass_descriptor, NULL), 0);
	receive_descriptor();
	CHECK_RC(pthread_join(tid, NULL), 0);
	return check_done(__FILE__);
}
