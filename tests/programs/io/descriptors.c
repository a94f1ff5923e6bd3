/*
 * What a program may do to descriptors: pass them between processes, put others over all numbers,
 * close all. Arguments: passed, over or closed; a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;

static void show(const char *who, int fd)
{
	char text[64] = "";
	long n = read(fd, text, sizeof text - 1);

	text[strcspn(text, "\n")] = '\0';
	printf("%s: %ld bytes, %s\n", who, n, n < 0 ? strerror(errno) : text);
}

static void send_fd(int socket, int fd)
{
	char byte = 'x', control[CMSG_SPACE(sizeof fd)] = { 0 };
	struct iovec vector = { &byte, 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	if (sendmsg(socket, &message, 0) != 1)
		perror("sendmsg");
}

static int receive_fd(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec vector = { &byte, 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	struct cmsghdr *header;
	int fd = -1;

	if (recvmsg(socket, &message, 0) != 1)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}

/* A child opens the file and passes it here; this process passes one to itself. */
static void *passed(void *unused)
{
	int pair[2], fd, status;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return unused;
	child = fork();
	if (child == 0) {
		send_fd(pair[1], open(file, O_RDONLY));
		_exit(5);
	}
	fd = receive_fd(pair[0]);
	show("from a child", fd);
	waitpid(child, &status, 0);
	printf("child: status %d\n", WEXITSTATUS(status));
	close(fd);
	fd = open(file, O_RDONLY);
	send_fd(pair[1], fd);
	close(fd);
	fd = receive_fd(pair[0]);
	show("from itself", fd);
	close(fd);
	close(pair[0]);
	close(pair[1]);
	return unused;
}

static void *over(void *unused)
{
	int fd = open(file, O_RDONLY), other;

	for (other = 3; other < 200; other++)
		if (other != fd && dup2(fd, other) != other)
			perror("dup2");
	show("over 3", 3);
	lseek(199, 0, SEEK_SET);
	show("over 199", 199);
	return unused;
}

static void *closed(void *unused)
{
	closefrom(3);
	show("closed", 3);
	if (close_range(3, ~0u, 0) < 0)
		perror("close_range");
	show("opened again", open(file, O_RDONLY));
	return unused;
}

static void *beside(void *unused)
{
	FILE *stream = fopen(file, "r");
	char line[100] = "?";

	if (stream && fgets(line, sizeof line, stream))
		printf("beside: %s", line);
	return unused;
}

int main(int argc, char **argv)
{
	void *(*start)(void *) = passed;
	pthread_t threads[2];

	if (argc < 3)
		return 2;
	file = argv[2];
	if (strcmp(argv[1], "over") == 0)
		start = over;
	if (strcmp(argv[1], "closed") == 0)
		start = closed;
	pthread_create(&threads[0], NULL, start, NULL);
	pthread_join(threads[0], NULL);
	pthread_create(&threads[1], NULL, beside, NULL);
	pthread_join(threads[1], NULL);
	return 0;
}
