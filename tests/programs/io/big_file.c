/* Reads a file through, a mebibyte at a time, in one of two threads. Argument: the file. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static const char *file;
static char buffer[1 << 20];

static void *reader(void *unused)
{
	int fd = open(file, O_RDONLY);
	long n, total = 0;
	unsigned long sum = 0;

	while ((n = read(fd, buffer, sizeof buffer)) > 0) {
		total += n;
		sum = sum * 31 + (unsigned char)buffer[n / 2] + (unsigned long)n;
	}
	printf("%ld bytes, sum %lx\n", total, sum);
	close(fd);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 2)
		return 2;
	file = argv[1];
	pthread_create(&thread, NULL, reader, NULL);
	pthread_join(thread, NULL);
	return 0;
}
