/*
 * Virtual time: nanoseconds since the start of the run; it moves by readings and by jumps.
 */
#ifndef PRELOAD_CLOCK_H
#define PRELOAD_CLOCK_H

#include <stdint.h>
#include <time.h>

struct lane;

/*
 * Absolute time on a clock to virtual ns; times before the start become 0. Unknown clocks count as
 * CLOCK_MONOTONIC.
 */
int64_t clock_deadline(clockid_t clock, const struct timespec *absolute);

/* Virtual ns after a relative time from now; saturates. */
int64_t clock_after(const struct timespec *relative);
int64_t clock_after_ns(int64_t relative);

/* 0, or EINVAL when the time is malformed (nanoseconds out of range). */
int clock_check(const struct timespec *time);

/*
 * What takes virtual time, weighed by how little else such a loop does. The step grows while the
 * clock does not jump, so that a loop which waits for a time, whatever it does meanwhile, ends
 * soon.
 */
enum clock_work {
	CLOCK_OPERATION = 1, /* a scheduling point while somebody waits for a time */
	CLOCK_READING = 64,
	CLOCK_YIELD = 1024,
};

void clock_tick(enum clock_work work);

/* Reads a clock, which takes time. CPU clocks: of the process, see clock_read_cpu(). */
void clock_read(clockid_t clock, struct timespec *result);

/* CPU time of a lane, or (NULL) of all: time that did not pass by jumps. */
void clock_read_cpu(struct lane *lane, struct timespec *result);

/* What the clock showed at virtual time 0. */
int64_t clock_base(clockid_t clock);

#endif
