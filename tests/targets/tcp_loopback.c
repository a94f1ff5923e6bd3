/*
 * TCP over loopback: a server thread that accepts and serves one connection after the other, client
 * threads that connect, send and receive; accept4, getpeername, refused connections.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include "tests/targets/check.h"

enum { CLIENTS = 3, ROUNDS = 10 };

static struct sockaddr_in address;
static int listener;

static void *serve(void *unused)
{
	for (int i = 0; i < CLIENTS; i++) {
		int fd = i % 2 ? accept(listener, NULL, NULL)
			       : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		uint32_t number;

		CHECK(fd >= 0);
		while (recv(fd, &number, sizeof(number), MSG_WAITALL) == sizeof(number)) {
			number *= 2;
			CHECK(send(fd, &number, sizeof(number), 0) == sizeof(number));
		}
		CHECK(close(fd) == 0);
	}
	return unused;
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

static void *client(void *unused)
{
	int fd = dial(), one = 1;
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	CHECK(getpeername(fd, (struct sockaddr *)&peer, &len) == 0);
	CHECK(peer.sin_port == address.sin_port);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t number = i;

		CHECK(send(fd, &number, sizeof(number), 0) == sizeof(number));
		CHECK(recv(fd, &number, sizeof(number), MSG_WAITALL) == sizeof(number));
		CHECK(number == 2 * i);
	}
	CHECK(shutdown(fd, SHUT_WR) == 0);
	CHECK(recv(fd, &one, sizeof(one), 0) == 0);
	CHECK(close(fd) == 0);
	return unused;
}

int main(void)
{
	pthread_t tid[CLIENTS + 1];
	socklen_t len = sizeof(address);
	int fd;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(listen(listener, CLIENTS) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
	CHECK_RC(pthread_create(&tid[CLIENTS], NULL, serve, NULL), 0);
	for (int i = 0; i < CLIENTS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, client, NULL), 0);
	for (int i = 0; i <= CLIENTS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(close(listener) == 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(fd >= 0);
	CHECK_ERRNO(connect(fd, (struct sockaddr *)&address, sizeof(address)), ECONNREFUSED);
	return check_done(__FILE__);
}
