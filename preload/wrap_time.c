/*
 * Time: clocks show virtual time, sleeping waits for it, yielding lets others go first. Readings
 * are not events (there are too many), but a lane that does nothing else gives way now and then.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/time.h>
#include <sys/times.h>

#include "preload/clock.h"
#include "preload/interpose.h"
#include "preload/raw.h"
#include "preload/process.h"
#include "preload/sleep.h"
#include "preload/threads.h"

#define SECOND 1000000000ll
#define READINGS_PER_YIELD 256
#define TICKS_PER_SECOND 100 /* sysconf(_SC_CLK_TCK), part of the x86_64 ABI */

/*
 * After so many readings with no other operation in between, others go first: loops that poll a
 * clock.
 */
static bool only_reads(struct lane *me)
{
	if (me->reading_k != me->k) {
		me->reading_k = me->k;
		me->readings = 0;
	}
	return ++me->readings % READINGS_PER_YIELD == 0;
}

/* Only in the body of an exported function, as CONTEXT_HERE. */
#define BEFORE_READING(me_)                                                     \
	do {                                                                    \
		if (__builtin_expect(only_reads(me_), 0)) {                     \
			sched_yield_point(me_, EVENT_CLOCK, CONTEXT_HERE(me_)); \
			sched_done(me_, 0);                                     \
		}                                                               \
	} while (0)

/*
 * Clock ids below 0 are CPU clocks of a process or a thread: ~pid * 8 + bits
 * (linux/posix-timers.h).
 */
#define CPU_CLOCK_MASK 7
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_DYNAMIC 3 /* not a CPU clock: a descriptor */

static bool is_cpu_clock(clockid_t clock)
{
	return clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID ||
	       (clock < 0 && (clock & CPU_CLOCK_MASK & ~CPU_CLOCK_THREAD) != CPU_CLOCK_DYNAMIC);
}

static bool is_wall_clock(clockid_t clock)
{
	return (clock >= 0 && clock <= CLOCK_BOOTTIME_ALARM) || clock == CLOCK_TAI;
}

/* Whose CPU time; NULL: that of the process. */
static struct lane *lane_of_clock(struct lane *me, clockid_t clock)
{
	pid_t tid;

	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return me;
	if (clock >= 0 || !(clock & CPU_CLOCK_THREAD))
		return NULL;
	tid = ~(clock >> 3);
	return tid ? process_lane(tid) : me;
}

/* The kernel's clock for one that is made of an id that the program knows; others as they are. */
static clockid_t real_clock(clockid_t clock)
{
	pid_t id = ~(clock >> 3);

	if (clock >= 0 || !is_cpu_clock(clock) || id <= 0)
		return clock;
	id = clock & CPU_CLOCK_THREAD ? process_real_tid(id) : process_real_pid(id);
	return (clock & CPU_CLOCK_MASK) | (clockid_t)(~(unsigned)id << 3);
}

EXPORT int clock_getres(clockid_t clock, struct timespec *result)
{
	return REAL(clock_getres)(real_clock(clock), result);
}

/* Both make the clock of what the program knows the thread or process by. */
EXPORT int pthread_getcpuclockid(pthread_t thread, clockid_t *clock)
{
	struct lane *me = thread_enter(), *lane;
	int result = REAL(pthread_getcpuclockid)(thread, clock);

	if (!me)
		return result;
	lane = threads_find(thread);
	if (result == 0 && lane)
		*clock = (*clock & CPU_CLOCK_MASK) | (clockid_t)(~(unsigned)process_tid(lane) << 3);
	INTERPOSE_LEAVE(me, result);
}

EXPORT int clock_getcpuclockid(pid_t id, clockid_t *clock)
{
	pid_t real_id = process_real_pid(id);
	int result = REAL(clock_getcpuclockid)(real_id, clock);

	if (result == 0 && id != real_id)
		*clock = (*clock & CPU_CLOCK_MASK) | (clockid_t)(~(unsigned)id << 3);
	return result;
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *result)
{
	struct lane *me = thread_enter();
	int rc = 0;

	if (!me)
		return REAL(clock_gettime)(clock, result);
	if (is_cpu_clock(clock)) {
		if (clock < 0)
			rc = REAL(clock_gettime)(real_clock(clock), result); /* is it there? */
		BEFORE_READING(me);
		if (rc == 0)
			clock_read_cpu(lane_of_clock(me, clock), result);
	} else if (is_wall_clock(clock)) {
		BEFORE_READING(me);
		clock_read(clock, result);
	} else {
		rc = REAL(clock_gettime)(clock, result);
	}
	INTERPOSE_LEAVE(me, rc);
}

EXPORT int gettimeofday(struct timeval *result, void *zone)
{
	struct lane *me = thread_enter();
	struct timespec now;

	if (!me)
		return REAL(gettimeofday)(result, zone);
	BEFORE_READING(me);
	clock_read(CLOCK_REALTIME, &now);
	if (zone)
		*(struct timezone *)zone = (struct timezone){ 0 };
	result->tv_sec = now.tv_sec;
	result->tv_usec = now.tv_nsec / 1000;
	INTERPOSE_LEAVE(me, 0);
}

EXPORT time_t time(time_t *result)
{
	struct lane *me = thread_enter();
	struct timespec now;

	if (!me)
		return REAL(time)(result);
	BEFORE_READING(me);
	clock_read(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	INTERPOSE_LEAVE(me, now.tv_sec);
}

EXPORT int ftime(struct timeb *result)
{
	struct lane *me = thread_enter();
	struct timespec now;

	if (!me)
		return REAL(ftime)(result);
	BEFORE_READING(me);
	clock_read(CLOCK_REALTIME, &now);
	*result =
		(struct timeb){ .time = now.tv_sec, .millitm = (uint16_t)(now.tv_nsec / 1000000) };
	INTERPOSE_LEAVE(me, 0);
}

EXPORT int timespec_get(struct timespec *result, int base)
{
	struct lane *me = thread_enter();

	if (!me)
		return REAL(timespec_get)(result, base);
	if (base != TIME_UTC)
		INTERPOSE_LEAVE(me, REAL(timespec_get)(result, base));
	BEFORE_READING(me);
	clock_read(CLOCK_REALTIME, result);
	INTERPOSE_LEAVE(me, base);
}

EXPORT clock_t clock(void)
{
	struct lane *me = thread_enter();
	struct timespec used;

	if (!me)
		return REAL(clock)();
	BEFORE_READING(me);
	clock_read_cpu(NULL, &used);
	INTERPOSE_LEAVE(me,
			used.tv_sec * CLOCKS_PER_SEC + used.tv_nsec / (SECOND / CLOCKS_PER_SEC));
}

static clock_t ticks(const struct timespec *time)
{
	return time->tv_sec * TICKS_PER_SECOND + time->tv_nsec / (SECOND / TICKS_PER_SECOND);
}

/* CPU time of children is not known and counts as 0. */
EXPORT clock_t times(struct tms *result)
{
	struct lane *me = thread_enter();
	struct timespec now, used;

	if (!me)
		return REAL(times)(result);
	BEFORE_READING(me);
	clock_read(CLOCK_MONOTONIC, &now);
	clock_read_cpu(NULL, &used);
	if (result)
		*result = (struct tms){ .tms_utime = ticks(&used) };
	INTERPOSE_LEAVE(me, ticks(&now));
}

/*
 * When no other lane can run somebody else may be waited for, on the CPU that we are pinned to:
 * the kernel is asked as well. With no other lane at all there is nothing to write down (how long
 * that takes is not ours to know).
 */
static int yield(struct lane *me, uint32_t context)
{
	if (schedule.runnable_count == 1)
		raw(SYS_sched_yield);
	if (schedule.live == 1 && !schedule.timers)
		return 0;
	sched_yield_point(me, EVENT_YIELD, context);
	sched_done(me, 0);
	return 0;
}

EXPORT int sched_yield(void)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(sched_yield)());
	result = yield(me, context);
	INTERPOSE_LEAVE(me, result);
}

/* Only old programs call it: the header gives the name to sched_yield(). */
EXPORT int exported_pthread_yield(void) __asm__("pthread_yield");

EXPORT int exported_pthread_yield(void)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(sched_yield)());
	result = yield(me, context);
	INTERPOSE_LEAVE(me, result);
}

EXPORT void thrd_yield(void)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(thrd_yield)());
	yield(me, context);
	thread_leave(me);
}

static int64_t to_ns(const struct timespec *time)
{
	return time->tv_sec > INT64_MAX / SECOND - 1 ? INT64_MAX
						     : time->tv_sec * SECOND + time->tv_nsec;
}

/* What the kernel says about a clock to sleep by: asked with a sleep of no time. */
static long check_clock(clockid_t clock)
{
	static const struct timespec nothing;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
		return 0;
	default:
		return raw(SYS_clock_nanosleep, clock, 0, &nothing, 0);
	}
}

static int64_t sleep_deadline(clockid_t clock, int flags, const struct timespec *time)
{
	if (!(flags & TIMER_ABSTIME))
		return clock_after(time);
	if (is_cpu_clock(clock)) /* of the process: as if it worked for the rest of the time */
		return clock_after_ns(to_ns(time) - schedule.worked);
	return clock_deadline(clock, time);
}

long sleep_operation(struct lane *me, clockid_t clock, int flags, const struct timespec *time,
		     struct timespec *left, uint32_t context)
{
	enum lane_wake wake;
	int64_t deadline, rest;
	long result = check_clock(clock);

	if (!time)
		return -EFAULT;
	if (result == 0 && (time->tv_sec < 0 || clock_check(time) != 0))
		result = -EINVAL;
	if (result)
		return result;
	deadline = sleep_deadline(clock, flags, time);
	if (deadline <= schedule.now)
		sched_yield_point(me, EVENT_SLEEP, context);
	else
		sched_point(me, EVENT_SLEEP, NULL, context, 0);
	if (me->cancelled)
		threads_testcancel();
	do
		wake = sched_block(me, NULL, 0, deadline, SCHED_INTERRUPTIBLE | SCHED_CANCELABLE);
	while (wake == WAKE_RESTART);
	if (wake == WAKE_SIGNAL) {
		result = -EINTR;
		rest = deadline > schedule.now ? deadline - schedule.now : 0;
		if (left && !(flags & TIMER_ABSTIME))
			*left = (struct timespec){ rest / SECOND, rest % SECOND };
	}
	sched_done(me, result);
	return result;
}

EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
			   struct timespec *left)
{
	struct lane *me;
	uint32_t context;
	long result;

	INTERPOSE_ENTER(me, context, REAL(clock_nanosleep)(clock, flags, time, left));
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		result = -EINVAL;
	else
		result = sleep_operation(me, clock, flags, time, left, context);
	INTERPOSE_LEAVE(me, (int)-result);
}

EXPORT int nanosleep(const struct timespec *time, struct timespec *left)
{
	struct lane *me;
	uint32_t context;
	long result;

	INTERPOSE_ENTER(me, context, REAL(nanosleep)(time, left));
	result = sleep_operation(me, CLOCK_REALTIME, 0, time, left, context);
	thread_leave(me);
	if (result == 0)
		return 0;
	errno = (int)-result;
	return -1;
}

EXPORT int usleep(useconds_t us)
{
	struct timespec time = { us / 1000000, us % 1000000 * 1000 };
	struct lane *me;
	uint32_t context;
	long result;

	INTERPOSE_ENTER(me, context, REAL(usleep)(us));
	result = sleep_operation(me, CLOCK_REALTIME, 0, &time, NULL, context);
	thread_leave(me);
	if (result == 0)
		return 0;
	errno = (int)-result;
	return -1;
}

EXPORT unsigned sleep(unsigned seconds)
{
	struct timespec time = { .tv_sec = seconds };
	struct lane *me;
	uint32_t context;
	long result;

	INTERPOSE_ENTER(me, context, REAL(sleep)(seconds));
	result = sleep_operation(me, CLOCK_REALTIME, 0, &time, &time, context);
	thread_leave(me);
	if (result == 0)
		return 0;
	errno = EINTR;
	return (unsigned)time.tv_sec;
}

/* 0, -1 when a signal handler ran, another negative number for other errors (C11, 7.26.5.7). */
EXPORT int thrd_sleep(const struct timespec *time, struct timespec *left)
{
	struct lane *me;
	uint32_t context;
	long result;

	INTERPOSE_ENTER(me, context, REAL(thrd_sleep)(time, left));
	result = sleep_operation(me, CLOCK_REALTIME, 0, time, left, context);
	INTERPOSE_LEAVE(me, result == 0 ? 0 : result == -EINTR ? -1 : -2);
}
