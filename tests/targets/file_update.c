/*
 * Two threads add to a number in a file: read the whole file, write the whole file. Without a lock
 * one of the two additions can be lost. Through open, read and write, through stdio, through pread
 * and pwrite, and by a new file that takes the place of the old one. Prints what became of each.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "check.h"

enum { WAYS = 4 };

static char directory[] = "/tmp/file_updateXXXXXX";
static char path[WAYS][64];

static int read_number(const char *name)
{
	char text[16] = "";
	int fd = open(name, O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0 && close(fd) == 0);
	return atoi(text);
}

static void write_number(int fd, int number)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", number);

	CHECK(fd >= 0 && write(fd, text, (size_t)n) == n && close(fd) == 0);
}

static int read_stream(const char *name)
{
	char text[16] = "";
	FILE *stream = fopen(name, "r");

	CHECK(stream);
	CHECK(fread(text, 1, sizeof(text) - 1, stream) < sizeof(text));
	CHECK(fclose(stream) == 0);
	return atoi(text);
}

static void write_stream(const char *name, int number)
{
	FILE *stream = fopen(name, "w");

	CHECK(stream && fprintf(stream, "%d\n", number) > 0 && fclose(stream) == 0);
}

static void add_in_place(const char *name)
{
	char text[16] = "";
	int fd = open(name, O_RDWR), n;

	CHECK(fd >= 0 && pread(fd, text, sizeof(text) - 1, 0) > 0);
	n = snprintf(text, sizeof(text), "%d\n", atoi(text) + 1);
	CHECK(pwrite(fd, text, (size_t)n, 0) == n && close(fd) == 0);
}

static void add_by_rename(const char *name)
{
	char other[64];
	int number = read_number(name), fd;

	snprintf(other, sizeof(other), "%s/newXXXXXX", directory);
	fd = mkstemp(other);
	write_number(fd, number + 1);
	CHECK(rename(other, name) == 0);
}

static void *work(void *unused)
{
	(void)unused;
	write_number(open(path[0], O_WRONLY), read_number(path[0]) + 1);
	write_stream(path[1], read_stream(path[1]) + 1);
	add_in_place(path[2]);
	add_by_rename(path[3]);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int i;

	CHECK(mkdtemp(directory));
	for (i = 0; i < WAYS; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/way%d", directory, i);
		write_number(open(path[i], O_CREAT | O_EXCL | O_WRONLY, 0600), 0);
	}
	for (i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&threads[i], NULL, work, NULL), 0);
	for (i = 0; i < 2; i++)
		CHECK_RC(pthread_join(threads[i], NULL), 0);
	for (i = 0; i < WAYS; i++) {
		printf("way %d: %s\n", i, read_number(path[i]) == 2 ? "both" : "lost");
		CHECK(unlink(path[i]) == 0);
	}
	CHECK(rmdir(directory) == 0);
	return check_done(__FILE__);
}
