/*
 * Unix sockets by path: a server and a client that waits until the queue of connections has room,
 * datagrams with sendto and recvfrom, credentials of the peer.
 */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "tests/targets/check.h"

enum { CONNECTIONS = 6 };

static struct sockaddr_un address = { .sun_family = AF_UNIX };

static void *connect_all(void *unused)
{
	/* The queue holds fewer: connect blocks until the server accepts. */
	for (int i = 0; i < CONNECTIONS; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		CHECK(fd >= 0);
		CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
		CHECK(write(fd, &i, sizeof(i)) == sizeof(i));
		CHECK(close(fd) == 0);
	}
	return unused;
}

static void *send_datagram(void *unused)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	CHECK(fd >= 0);
	CHECK(sendto(fd, "hello", 5, 0, (struct sockaddr *)&address, sizeof(address)) == 5);
	CHECK(close(fd) == 0);
	return unused;
}

int main(void)
{
	char dir[] = "/tmp/target-unix-XXXXXX", buf[16];
	struct ucred cred;
	socklen_t len = sizeof(cred);
	pthread_t tid;
	int listener, fd, number;

	CHECK(mkdtemp(dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(listen(listener, 0) == 0);
	CHECK_RC(pthread_create(&tid, NULL, connect_all, NULL), 0);
	for (int i = 0; i < CONNECTIONS; i++) {
		fd = accept(listener, NULL, NULL);
		CHECK(fd >= 0);
		CHECK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0);
		CHECK(cred.pid == getpid());
		CHECK(read(fd, &number, sizeof(number)) == sizeof(number) && number == i);
		CHECK(read(fd, &number, sizeof(number)) == 0);
		CHECK(close(fd) == 0);
	}
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK(close(listener) == 0 && unlink(address.sun_path) == 0);

	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK_RC(pthread_create(&tid, NULL, send_datagram, NULL), 0);
	CHECK(recvfrom(fd, buf, sizeof(buf), 0, NULL, NULL) == 5 && memcmp(buf, "hello", 5) == 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK(close(fd) == 0 && unlink(address.sun_path) == 0 && rmdir(dir) == 0);
	return check_done(__FILE__);
}
