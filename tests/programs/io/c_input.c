/*
 * Input as C programs take it, in two threads: stdio, names of hosts, a directory, files made with
 * mkstemp, the clock, random numbers, facts about the machine and the user. Arguments: a directory,
 * a file in it.
 */
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static const char *directory, *file;

static void lines(void)
{
	FILE *in = fopen(file, "r");
	char line[200];
	unsigned long sum = 0;
	int count = 0;

	if (!in) {
		perror(file);
		exit(2);
	}
	while (fgets(line, sizeof line, in)) {
		count++;
		sum = sum * 31 + strlen(line) + (unsigned char)line[0];
	}
	rewind(in);
	if (fscanf(in, "%199s", line) == 1)
		printf("%d lines, sum %lx, first word %s\n", count, sum, line);
	fclose(in);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void names(void)
{
	char found[64][64];
	struct dirent *entry;
	struct stat status;
	DIR *stream = opendir(directory);
	int n = 0, i;

	while (stream && n < 64 && (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			snprintf(found[n++], sizeof *found, "%.63s", entry->d_name);
	if (stream)
		closedir(stream);
	qsort(found, (size_t)n, sizeof *found, by_name);
	for (i = 0; i < n; i++)
		printf("entry %s\n", found[i]);
	if (stat(file, &status) == 0)
		printf("%lld bytes, inode %llu, changed %lld\n", (long long)status.st_size,
		       (unsigned long long)status.st_ino, (long long)status.st_mtime);
}

static void hosts(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL, *item;
	char host[100];
	int error = getaddrinfo("localhost", "80", &hints, &list);

	for (item = list; item; item = item->ai_next)
		if (!getnameinfo(item->ai_addr, item->ai_addrlen, host, sizeof host, NULL, 0,
				 NI_NUMERICHOST))
			printf("localhost is %s\n", host);
	if (list)
		freeaddrinfo(list);
	printf("getaddrinfo: %s\n", error ? gai_strerror(error) : "found");
	error = getaddrinfo("no-such-host.invalid", NULL, &hints, &list);
	printf("no-such-host.invalid: %s\n", error ? "not found" : "found");
}

static void temporary(void)
{
	char path[200];
	int fd;
	FILE *stream;

	snprintf(path, sizeof path, "%s/made-XXXXXX", directory);
	fd = mkstemp(path);
	if (fd < 0) {
		printf("mkstemp: %s\n", strerror(errno));
		return;
	}
	stream = fdopen(fd, "w+");
	fprintf(stream, "kept for a moment");
	fflush(stream);
	printf("made %s, %ld bytes\n", strrchr(path, '/') + 1, ftell(stream));
	fclose(stream);
	unlink(path);
}

static void facts(void)
{
	struct utsname name;
	struct timespec now;
	unsigned char bytes[8];
	struct passwd *user = getpwuid(getuid());
	FILE *status = fopen("/proc/self/status", "r");
	char line[200] = "?", release[sizeof name.release] = "?";

	if (uname(&name) == 0)
		memcpy(release, name.release, sizeof release);
	clock_gettime(CLOCK_REALTIME, &now);
	printf("user %s, kernel %s, time %lld.%09ld, date %lld\n", user ? user->pw_name : "?",
	       release, (long long)now.tv_sec, now.tv_nsec, (long long)time(NULL));
	if (getrandom(bytes, sizeof bytes, 0) == sizeof bytes)
		printf("random %02x%02x%02x%02x\n", bytes[0], bytes[1], bytes[2], bytes[3]);
	if (status && fgets(line, sizeof line, status))
		printf("%s", line);
	if (status)
		fclose(status);
	printf("process %d\n", (int)getpid());
}

static void *first(void *unused)
{
	lines();
	hosts();
	return unused;
}

static void *second(void *unused)
{
	names();
	temporary();
	facts();
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];

	if (argc < 3)
		return 2;
	directory = argv[1];
	file = argv[2];
	pthread_create(&threads[0], NULL, first, NULL);
	pthread_create(&threads[1], NULL, second, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("done in %s\n", getenv("LANG") ? getenv("LANG") : "no language");
	return 7;
}
