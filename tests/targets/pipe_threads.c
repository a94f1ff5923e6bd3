/*
 * read and write on pipes between threads: a reader that waits for a writer, a writer that waits
 * because the pipe is full, end of file when the writer closes, EPIPE, readv and writev.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/uio.h>
#include "tests/targets/check.h"

enum { BYTES = 200000 };

static int request[2], reply[2], bulk[2];

static void *upper(void *unused)
{
	char c;

	while (read(request[0], &c, 1) == 1) {
		c = (char)(c - 'a' + 'A');
		CHECK(write(reply[1], &c, 1) == 1);
	}
	CHECK(close(reply[1]) == 0);
	return unused;
}

static void *fill(void *unused)
{
	char *data = malloc(BYTES);
	struct iovec tail = { (void *)"end", 3 };
	size_t sent = 0;

	CHECK(data);
	for (int i = 0; i < BYTES; i++)
		data[i] = (char)(i % 251);
	while (sent < BYTES) {
		ssize_t n = write(bulk[1], data + sent, BYTES - sent);

		CHECK(n > 0);
		sent += (size_t)n;
	}
	CHECK(writev(bulk[1], &tail, 1) == 3);
	CHECK(close(bulk[1]) == 0);
	free(data);
	return unused;
}

static void drain(void)
{
	char buf[1000], two[2][1000];
	struct iovec iov[2] = { { two[0], 1000 }, { two[1], 1000 } };
	long got = 0;
	ssize_t n;

	while ((n = read(bulk[0], buf, sizeof(buf))) > 0) {
		for (int i = 0; i < n && got + i < BYTES; i++)
			CHECK(buf[i] == (char)((got + i) % 251));
		got += n;
		n = readv(bulk[0], iov, 2);
		CHECK(n >= 0);
		got += n;
	}
	CHECK(n == 0 && got == BYTES + 3);
}

int main(void)
{
	pthread_t tid;
	char c;

	signal(SIGPIPE, SIG_IGN);
	CHECK(pipe(request) == 0 && pipe(reply) == 0 && pipe(bulk) == 0);
	CHECK_RC(pthread_create(&tid, NULL, upper, NULL), 0);
	for (const char *p = "hello"; *p; p++) {
		CHECK(write(request[1], p, 1) == 1);
		CHECK(read(reply[0], &c, 1) == 1);
		putchar(c);
	}
	putchar('\n');
	CHECK(close(request[1]) == 0);
	CHECK(read(reply[0], &c, 1) == 0);
	CHECK_RC(pthread_join(tid, NULL), 0);

	CHECK_RC(pthread_create(&tid, NULL, fill, NULL), 0);
	drain();
	CHECK_RC(pthread_join(tid, NULL), 0);

	CHECK(close(request[0]) == 0 && pipe(request) == 0);
	CHECK(fcntl(request[0], F_SETFL, O_NONBLOCK) == 0);
	CHECK_ERRNO(read(request[0], &c, 1), EAGAIN);
	CHECK(close(request[0]) == 0);
	CHECK_ERRNO(write(request[1], &c, 1), EPIPE);
	return check_done(__FILE__);
}
