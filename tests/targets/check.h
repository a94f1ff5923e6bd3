/*
 * What target programs share: expectations that end the program when they are not met, and the last
 * line of a good run. Nothing of frontrun: a target is a program of a user.
 *
 *	CHECK(counter == 4);
 *	CHECK_RC(pthread_mutex_trylock(&lock), EBUSY);
 *	return check_done(__FILE__);
 */
#ifndef TESTS_TARGETS_CHECK_H
#define TESTS_TARGETS_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Ends the process, also a forked child, with status 1 and one line on stderr. */
#define CHECK(expectation)                                                     \
	do {                                                                   \
		if (!(expectation))                                            \
			check_failed(__FILE__, __LINE__, #expectation, errno); \
	} while (0)

/* For functions that return an error number, as pthread_* do. */
#define CHECK_RC(call, want)                                                            \
	do {                                                                            \
		int rc_ = (call);                                                       \
		if (rc_ != (want))                                                      \
			check_failed(__FILE__, __LINE__, #call " returns " #want, rc_); \
	} while (0)

/* For functions that return -1 and set errno. */
#define CHECK_ERRNO(call, want)                                                              \
	do {                                                                                 \
		errno = 0;                                                                   \
		if ((call) != -1 || errno != (want))                                         \
			check_failed(__FILE__, __LINE__, #call " fails with " #want, errno); \
	} while (0)

__attribute__((noreturn)) static inline void check_failed(const char *file, int line,
							  const char *what, int error)
{
	fprintf(stderr, "%s:%d: not so: %s (last error: %s)\n", file, line, what, strerror(error));
	_exit(1);
}

/* Prints "ok NAME", NAME from the file's path. Returns the exit status 0. */
static inline int check_done(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;

	printf("ok %.*s\n", (int)strcspn(name, "."), name);
	fflush(stdout);
	return 0;
}

/*
 * How long a second of the program lasts, in milliseconds: the first argument, default 1000. With
 * virtual time the default costs nothing; native test runs pass something small.
 */
static inline int check_second(int argc, char **argv)
{
	return argc > 1 ? atoi(argv[1]) : 1000;
}

/* The time on `clock` in `ms` milliseconds. */
static inline struct timespec check_after(clockid_t clock, long ms)
{
	struct timespec at;

	clock_gettime(clock, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* Milliseconds from `from` to `to`, rounded down. */
static inline long check_ms_between(struct timespec from, struct timespec to)
{
	return (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
}

static inline void check_sleep(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) == -1)
		CHECK(errno == EINTR);
}

#endif
