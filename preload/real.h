/*
 * The real functions behind our interposers, one for each row of interpose.def.
 *
 * Resolved in the constructor; a call that comes earlier (another library's IRELATIVE resolver, a
 * sanitizer's start-up) resolves its own.
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <aio.h>
#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timeb.h>
#include <sys/times.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

struct real_functions {
#define INTERPOSE(type, name, parameters, version, family) type(*name) parameters;
#include "preload/interpose.def"
#undef INTERPOSE
};

extern struct real_functions real;

enum real_index {
#define INTERPOSE(type, name, parameters, version, family) REAL_##name,
#include "preload/interpose.def"
#undef INTERPOSE
	REAL_COUNT
};

/* Resolves everything. NULL, or the name of the first required function that libc lacks. */
const char *real_init(void);

/* Resolves one; ends the process with a sentence when it does not exist. */
void real_resolve(enum real_index index);

/* The real function of this name. */
#define REAL(name) \
	((__builtin_expect(!!real.name, 1) ? (void)0 : real_resolve(REAL_##name)), real.name)

#endif
