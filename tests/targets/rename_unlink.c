/*
 * One thread publishes a file by rename, another one removes the name, a third one looks and opens:
 * it may find nothing, lose the file between the look and the opening, or read it. The inode of the
 * removed file may be used again for the next one. Prints what the third one met.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "check.h"

enum { ROUNDS = 3 };

static char directory[] = "/tmp/rename_unlinkXXXXXX";
static char name[64], draft[64];

static void *publish(void *unused)
{
	int i, fd;

	(void)unused;
	for (i = 0; i < ROUNDS; i++) {
		fd = open(draft, O_CREAT | O_EXCL | O_WRONLY, 0600);
		CHECK(fd >= 0 && write(fd, "ready", 5) == 5 && close(fd) == 0);
		CHECK(rename(draft, name) == 0);
	}
	return NULL;
}

static void *withdraw(void *unused)
{
	int i;

	(void)unused;
	for (i = 0; i < ROUNDS; i++)
		CHECK(unlink(name) == 0 || errno == ENOENT);
	return NULL;
}

static void *look(void *said_)
{
	const char **said = said_;
	struct stat status;
	char text[8];
	int fd;

	if (stat(name, &status) != 0) {
		*said = "nothing";
		return NULL;
	}
	CHECK(status.st_size == 5);
	fd = open(name, O_RDONLY);
	*said = fd < 0 ? "lost" : "read";
	if (fd >= 0)
		CHECK(read(fd, text, sizeof(text)) == 5 && close(fd) == 0);
	return NULL;
}

int main(void)
{
	void *(*const roles[])(void *) = { publish, withdraw, look };
	const char *said = NULL;
	pthread_t threads[3];
	int i;

	CHECK(mkdtemp(directory));
	snprintf(name, sizeof(name), "%s/name", directory);
	snprintf(draft, sizeof(draft), "%s/draft", directory);
	for (i = 0; i < 3; i++)
		CHECK_RC(pthread_create(&threads[i], NULL, roles[i], &said), 0);
	for (i = 0; i < 3; i++)
		CHECK_RC(pthread_join(threads[i], NULL), 0);
	printf("%s\n", said);
	CHECK(unlink(name) == 0 || errno == ENOENT);
	CHECK(rmdir(directory) == 0);
	return check_done(__FILE__);
}
