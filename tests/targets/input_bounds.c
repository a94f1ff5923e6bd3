/*
 * Takes something in by each kind of call that fills memory, into memory of exactly the size that
 * it says, with a guard behind it. A stranger's trace may claim that more came in: no byte of a
 * guard may change.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tests/targets/check.h"

enum { SIZE = 16, GUARD = 8192, FILL = 0x5a };

static struct place {
	unsigned char bytes[SIZE];
	unsigned char guard[GUARD];
} place[2];

static void prepare(void)
{
	memset(place, FILL, sizeof(place));
}

static void check(const char *call, long result)
{
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < GUARD; j++)
			if (place[i].guard[j] != FILL) {
				fprintf(stderr, "breached by %s\n", call);
				_exit(99);
			}
	printf("%s %ld\n", call, result);
	prepare();
}

#define TRY(call, expression) check(call, (long)(expression))

int main(int argc, char **argv)
{
	struct iovec vector[2] = { { place[0].bytes, SIZE }, { place[1].bytes, SIZE } };
	struct msghdr message = { .msg_iov = vector, .msg_iovlen = 2 };
	struct stat status;
	int fd, pair[2], count, events;
	struct pollfd waiting = { 0 };

	CHECK(argc == 2);
	prepare();
	fd = open(argv[1], O_RDONLY);
	CHECK(fd >= 0 && fstat(fd, &status) == 0);
	TRY("read", read(fd, place[0].bytes, SIZE));
	TRY("readv", readv(fd, vector, 2));
	TRY("pread", pread(fd, place[0].bytes, SIZE, 3));
	TRY("readlink", readlink("/proc/self/cwd", (char *)place[0].bytes, SIZE));
	CHECK(ioctl(fd, FIONREAD, &count) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(write(pair[0], "0123456789abcdef0123456789abcdef0123456789abcdef", 48) == 48);
	TRY("recv", recv(pair[1], place[0].bytes, SIZE, 0));
	TRY("recvmsg", recvmsg(pair[1], &message, 0));
	waiting = (struct pollfd){ .fd = pair[0], .events = POLLOUT };
	TRY("poll", poll(&waiting, 1, 0));
	events = epoll_create1(0);
	CHECK(events >= 0);
	CHECK(epoll_ctl(events, EPOLL_CTL_ADD, pair[0],
			&(struct epoll_event){ .events = EPOLLOUT, .data.fd = pair[0] }) == 0);
	TRY("epoll_wait", epoll_wait(events, (struct epoll_event *)(void *)place[0].bytes, 1, 0));
	close(fd);
	fd = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	TRY("getdents64", syscall(SYS_getdents64, fd, place[0].bytes, SIZE));
	close(fd);
	return check_done(__FILE__);
}
