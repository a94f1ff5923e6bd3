/*
 * The waiting half of the I/O engine, see io.h. Between io.c and io_wait.c. All return the kernel's
 * result.
 */
#ifndef PRELOAD_IO_WAIT_H
#define PRELOAD_IO_WAIT_H

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#include "preload/lane.h"

/* Arguments as of poll(2) (the time-out is in `deadline`), select(2), epoll_wait(2). */
long io_wait_poll(struct lane *me, long a[6], int64_t deadline);
long io_wait_select(struct lane *me, long a[6], int64_t deadline);
long io_wait_epoll(struct lane *me, long a[6], int64_t deadline);

/* Calls with a form that does not block: waitpid, file locks, System V queues and semaphores. */
long io_wait_attempt(struct lane *me, long number, long a[6], int64_t deadline);

/* Virtual deadlines: negative or absent means none. */
int64_t clock_after_ms(long ms);
int64_t clock_after_optional(const struct timespec *relative);
int64_t clock_after_timeval(const struct timeval *relative);

#endif
