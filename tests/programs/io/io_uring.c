/* Asks for an io_uring, and reads a file in the usual way. Argument: the file. */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct io_uring_params parameters = { 0 };
	char line[100] = "?";
	FILE *stream = argc > 1 ? fopen(argv[1], "r") : NULL;
	long fd = syscall(SYS_io_uring_setup, 4, &parameters);

	printf("io_uring: %s\n", fd < 0 ? strerror(errno) : "there");
	if (stream && fgets(line, sizeof line, stream))
		printf("read: %s", line);
	return 0;
}
