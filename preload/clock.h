/*
 * Virtual time: nanoseconds since the start of the run; it moves by readings and by jumps.
 */
#ifndef PRELOAD_CLOCK_H
#define PRELOAD_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Absolute time on a clock to virtual ns; times before the start become 0. Unknown clocks count as CLOCK_MONOTONIC. */
int64_t clock_deadline(clockid_t clock, const struct timespec *absolute);

/* Virtual ns after a relative time from now; saturates. */
int64_t clock_after(const struct timespec *relative);
int64_t clock_after_ns(int64_t relative);

/* 0, or EINVAL when the time is malformed (nanoseconds out of range). */
int clock_check(const struct timespec *time);

/* Reads a clock: time moves on a little, more so when a program does nothing but read (polling loops end). */
void clock_read(clockid_t clock, struct timespec *result);

/* The same without moving it. */
int64_t clock_base(clockid_t clock);

#endif
