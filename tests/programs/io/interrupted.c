/*
 * Answers that are none: EINTR by a timer, EAGAIN until something comes, and half of what was asked
 * for. Argument: the port of a server that sends a few bytes at a time, then dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int port;
static sigset_t alarm_only;

static void on_alarm(int number)
{
	(void)number;
}

/* SA_RESTART is not set: the read ends. */
static void *interrupted(void *unused)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value = { 0, 20000 } };
	int ends[2], i;
	char byte;

	if (pipe(ends) < 0 || sigaction(SIGALRM, &action, NULL) < 0)
		return unused;
	pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
	for (i = 0; i < 3; i++) {
		setitimer(ITIMER_REAL, &soon, NULL);
		if (read(ends[0], &byte, 1) < 0)
			printf("read: %s\n", strerror(errno));
	}
	return unused;
}

static int connected(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((unsigned short)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		perror("connect");
	return fd;
}

static void *halves(void *unused)
{
	char bytes[1000];
	int fd = connected(), total = 0, none = 0;
	long n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		n = recv(fd, bytes, sizeof bytes, 0);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd ready = { fd, POLLIN, 0 };

			/* A storm of questions first. */
			if (++none % 500 == 0)
				poll(&ready, 1, -1);
			continue;
		}
		if (n <= 0)
			break;
		total += (int)n;
		printf("%ld bytes\n", n);
	}
	printf("%d bytes, then %s, and %s\n", total, n < 0 ? strerror(errno) : "the end",
	       none ? "none in between" : "no pause");
	if (send(fd, "more", 4, MSG_NOSIGNAL) < 0 || send(fd, "more", 4, MSG_NOSIGNAL) < 0)
		printf("send: %s\n", strerror(errno));
	close(fd);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];

	port = argc > 1 ? atoi(argv[1]) : 0;
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
	pthread_create(&threads[0], NULL, halves, NULL);
	pthread_join(threads[0], NULL);
	pthread_create(&threads[1], NULL, interrupted, NULL);
	pthread_join(threads[1], NULL);
	return 0;
}
