/*
 * Two threads look whether a file is there, and create it where it is not (time of check to time of
 * use): both may think that they have created it. Then the same with O_EXCL, where one of them
 * finds out. Prints how many created it, and once more with a look before mkdir and fopen.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "check.h"

enum { WAYS = 4 };

static char directory[] = "/tmp/toctou_openXXXXXX";
static char path[WAYS][64];
static int created[WAYS][2];

static int missing(const char *name)
{
	struct stat status;

	return access(name, F_OK) == -1 && stat(name, &status) == -1;
}

static int create(int way, const char *name)
{
	FILE *stream;
	int fd;

	switch (way) {
	case 0:
	case 1:
		fd = open(name, O_CREAT | O_WRONLY | (way ? O_EXCL : 0), 0600);
		CHECK(fd >= 0 || errno == EEXIST);
		return fd >= 0 && close(fd) == 0;
	case 2:
		CHECK(mkdir(name, 0700) == 0 || errno == EEXIST);
		return errno != EEXIST;
	default:
		stream = fopen(name, "w");
		CHECK(stream && fclose(stream) == 0);
		return 1;
	}
}

static void *work(void *argument)
{
	int me = *(int *)argument, way;

	for (way = 0; way < WAYS; way++) {
		errno = 0;
		if (missing(path[way])) {
			errno = 0;
			created[way][me] = create(way, path[way]);
		}
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int numbers[2] = { 0, 1 }, i;

	CHECK(mkdtemp(directory));
	for (i = 0; i < WAYS; i++)
		snprintf(path[i], sizeof(path[i]), "%s/way%d", directory, i);
	for (i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
	for (i = 0; i < 2; i++)
		CHECK_RC(pthread_join(threads[i], NULL), 0);
	for (i = 0; i < WAYS; i++) {
		int n = created[i][0] + created[i][1];

		CHECK(n == 1 || (n == 2 && (i == 0 || i == 3)));
		printf("way %d: %s\n", i, n == 2 ? "both" : "one");
		CHECK(remove(path[i]) == 0);
	}
	CHECK(rmdir(directory) == 0);
	return check_done(__FILE__);
}
