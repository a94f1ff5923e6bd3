/*
 * The virtual clock. Each reading moves it by 1 us, and each operation while somebody waits for a
 * time; after many with no jump in between the step grows, so that a loop which waits for a time
 * ends soon, whatever it waits for. Deterministic: counts only.
 */
#include "preload/clock.h"

#include <errno.h>

#include "preload/decide.h"
#include "preload/lane.h"

#define SECOND 1000000000ll
#define STEP_NS 1000ll
#define WORK_PER_DOUBLING (1024 * CLOCK_READING)
/* 1 ms a reading: a loop that waits for an hour ends in seconds, a busy server keeps its day. */
#define MOST_DOUBLINGS 10

static int64_t to_ns(const struct timespec *time)
{
	if (time->tv_sec > INT64_MAX / SECOND - 1)
		return INT64_MAX;
	if (time->tv_sec < 0)
		return 0;
	return time->tv_sec * SECOND + time->tv_nsec;
}

int64_t clock_base(clockid_t clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		return decide_run()->realtime_ns;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return decide_run()->monotonic_ns;
	default:
		return 0;
	}
}

int64_t clock_deadline(clockid_t clock, const struct timespec *absolute)
{
	int64_t ns = to_ns(absolute) - clock_base(clock);

	return ns < 0 ? 0 : ns;
}

int64_t clock_after_ns(int64_t relative)
{
	if (relative < 0)
		relative = 0;
	return relative > INT64_MAX - schedule.now - 1 ? INT64_MAX - 1 : schedule.now + relative;
}

int64_t clock_after(const struct timespec *relative)
{
	return clock_after_ns(to_ns(relative));
}

int clock_check(const struct timespec *time)
{
	return time->tv_nsec < 0 || time->tv_nsec >= SECOND ? EINVAL : 0;
}

void clock_tick(enum clock_work work)
{
	uint64_t doublings = schedule.work / WORK_PER_DOUBLING;
	int64_t step = STEP_NS << (doublings < MOST_DOUBLINGS ? doublings : MOST_DOUBLINGS);

	schedule.work += work;
	schedule.now += step;
	schedule.worked += step;
	schedule.current->worked += step;
}

static void store(int64_t ns, struct timespec *result)
{
	result->tv_sec = ns / SECOND;
	result->tv_nsec = ns % SECOND;
}

void clock_read(clockid_t clock, struct timespec *result)
{
	clock_tick(CLOCK_READING);
	store(schedule.now + clock_base(clock), result);
}

void clock_read_cpu(struct lane *lane, struct timespec *result)
{
	clock_tick(CLOCK_READING);
	store(lane ? lane->worked : schedule.worked, result);
}
