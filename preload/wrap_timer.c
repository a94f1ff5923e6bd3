/*
 * Timers: alarm, setitimer, timer_create and timerfd on the virtual clock. Timers that start a
 * thread (SIGEV_THREAD) and CPU-time timers stay libc's and the kernel's.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/timerfd.h>

#include "preload/clock.h"
#include "preload/interpose.h"
#include "preload/process.h"
#include "preload/raw.h"
#include "preload/timers.h"

#define SECOND 1000000000ll

static int64_t from_timeval(const struct timeval *time)
{
	return time->tv_sec * SECOND + time->tv_usec * 1000ll;
}

static int64_t from_timespec(const struct timespec *time)
{
	return time->tv_sec * SECOND + time->tv_nsec;
}

static int64_t left(const struct virtual_timer *timer)
{
	if (!timer || timer->deadline == INT64_MAX)
		return 0;
	return timer->deadline > schedule.now ? timer->deadline - schedule.now : 1;
}

static struct virtual_timer *real_timer(void)
{
	struct virtual_timer *timer = timers_find(TIMER_REAL, 0);

	if (!timer && (timer = timers_new(TIMER_REAL)) != NULL)
		timer->number = SIGALRM;
	return timer;
}

EXPORT unsigned alarm(unsigned seconds)
{
	struct lane *me;
	struct virtual_timer *timer;
	uint32_t context;
	unsigned before;

	INTERPOSE_ENTER(me, context, REAL(alarm)(seconds));
	timer = real_timer();
	before = (unsigned)((left(timer) + SECOND - 1) / SECOND);
	if (timer)
		timers_arm(timer, seconds ? clock_after_ns(seconds * SECOND) : INT64_MAX, 0);
	sched_event(me, EVENT_TIMER, NULL, context, before);
	INTERPOSE_LEAVE(me, before);
}

EXPORT int setitimer(__itimer_which_t which, const struct itimerval *value, struct itimerval *old)
{
	struct lane *me;
	struct virtual_timer *timer;
	uint32_t context;
	int64_t before, interval;

	if (which != ITIMER_REAL || !value)
		return REAL(setitimer)(which, value, old);
	INTERPOSE_ENTER(me, context, REAL(setitimer)(which, value, old));
	timer = real_timer();
	before = left(timer);
	interval = timer ? timer->interval : 0;
	if (old)
		*old = (struct itimerval){
			.it_interval = { interval / SECOND, interval % SECOND / 1000 },
			.it_value = { before / SECOND, before % SECOND / 1000 },
		};
	if (timer)
		timers_arm(timer,
			   from_timeval(&value->it_value)
				   ? clock_after_ns(from_timeval(&value->it_value))
				   : INT64_MAX,
			   from_timeval(&value->it_interval));
	sched_event(me, EVENT_TIMER, NULL, context, 0);
	INTERPOSE_LEAVE(me, 0);
}

EXPORT int getitimer(__itimer_which_t which, struct itimerval *value)
{
	struct virtual_timer *timer;
	struct lane *me;
	int64_t now;

	if (which != ITIMER_REAL || !(me = thread_enter()))
		return REAL(getitimer)(which, value);
	timer = real_timer();
	now = left(timer);
	*value = (struct itimerval){
		.it_interval = { timer ? timer->interval / SECOND : 0,
				 timer ? timer->interval % SECOND / 1000 : 0 },
		.it_value = { now / SECOND, now % SECOND / 1000 },
	};
	INTERPOSE_LEAVE(me, 0);
}

/* Virtual timers are told from libc's (pointers or small kernel ids) by a tag in the handle. */
#define TIMER_TAG 0x66720000ul

static struct virtual_timer *posix_timer(timer_t handle)
{
	if (((uintptr_t)handle & ~0xfffful) != TIMER_TAG)
		return NULL;
	return timers_by_index((uint32_t)((uintptr_t)handle & 0xffff));
}

EXPORT int timer_create(clockid_t clock, struct sigevent *event, timer_t *handle)
{
	struct lane *me, *lane = NULL;
	struct virtual_timer *timer;
	uint32_t context;

	if ((event && event->sigev_notify == SIGEV_THREAD) || clock == CLOCK_PROCESS_CPUTIME_ID ||
	    clock == CLOCK_THREAD_CPUTIME_ID)
		return REAL(timer_create)(clock, event, handle);
	INTERPOSE_ENTER(me, context, REAL(timer_create)(clock, event, handle));
	timer = timers_new(TIMER_POSIX);
	if (timer) {
		*handle = (timer_t)(TIMER_TAG | timers_index(timer));
		timer->clock = clock;
		timer->number = event ? (event->sigev_notify == SIGEV_NONE ? 0 : event->sigev_signo)
				      : SIGALRM;
		timer->value = event ? event->sigev_value.sival_ptr : (void *)*handle;
		if (event && event->sigev_notify == SIGEV_THREAD_ID)
			lane = process_lane(event->_sigev_un._tid);
		if (lane)
			timer->lane = lane->number;
	}
	sched_event(me, EVENT_TIMER, NULL, context, timer ? 0 : -EAGAIN);
	thread_leave(me);
	if (timer)
		return 0;
	errno = EAGAIN;
	return -1;
}

/* Arms by it_value, relative or absolute; tells what was set before. */
static void set_time(struct virtual_timer *timer, bool absolute, const struct itimerspec *value,
		     struct itimerspec *old)
{
	int64_t before = left(timer), interval = timer->interval, time;

	if (old)
		*old = (struct itimerspec){
			.it_interval = { interval / SECOND, interval % SECOND },
			.it_value = { before / SECOND, before % SECOND },
		};
	time = from_timespec(&value->it_value);
	if (time)
		time = absolute ? clock_deadline(timer->clock, &value->it_value)
				: clock_after_ns(time);
	timers_arm(timer, time || from_timespec(&value->it_value) ? time : INT64_MAX,
		   from_timespec(&value->it_interval));
}

EXPORT int timer_settime(timer_t handle, int flags, const struct itimerspec *value,
			 struct itimerspec *old)
{
	struct virtual_timer *timer = posix_timer(handle);
	struct lane *me;
	uint32_t context;

	if (!timer)
		return REAL(timer_settime)(handle, flags, value, old);
	INTERPOSE_ENTER(me, context, REAL(timer_settime)(handle, flags, value, old));
	if (clock_check(&value->it_value) || clock_check(&value->it_interval)) {
		thread_leave(me);
		errno = EINVAL;
		return -1;
	}
	set_time(timer, flags & TIMER_ABSTIME, value, old);
	sched_event(me, EVENT_TIMER, NULL, context, 0);
	INTERPOSE_LEAVE(me, 0);
}

static void get_time(const struct virtual_timer *timer, struct itimerspec *value)
{
	int64_t now = left(timer);

	*value = (struct itimerspec){
		.it_interval = { timer->interval / SECOND, timer->interval % SECOND },
		.it_value = { now / SECOND, now % SECOND },
	};
}

EXPORT int timer_gettime(timer_t handle, struct itimerspec *value)
{
	struct virtual_timer *timer = posix_timer(handle);

	if (!timer)
		return REAL(timer_gettime)(handle, value);
	get_time(timer, value);
	return 0;
}

EXPORT int timer_getoverrun(timer_t handle)
{
	struct virtual_timer *timer = posix_timer(handle);

	return timer ? (int)timer->overruns : REAL(timer_getoverrun)(handle);
}

EXPORT int timer_delete(timer_t handle)
{
	struct virtual_timer *timer = posix_timer(handle);

	if (!timer)
		return REAL(timer_delete)(handle);
	timers_delete(timer);
	return 0;
}

EXPORT int timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old)
{
	static const struct itimerspec disarm;
	struct virtual_timer *timer;
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(timerfd_settime)(fd, flags, value, old));
	/*
	 * The real one stays silent until the virtual clock is there; the kernel checks the
	 * arguments.
	 */
	if (REAL(timerfd_settime)(fd, flags & ~TFD_TIMER_ABSTIME, value, NULL) != 0 ||
	    REAL(timerfd_settime)(fd, 0, &disarm, NULL) != 0)
		INTERPOSE_LEAVE(me, -1);
	timer = timers_find(TIMER_DESCRIPTOR, fd);
	if (timer)
		set_time(timer, flags & TFD_TIMER_ABSTIME, value, old);
	sched_event(me, EVENT_TIMER, NULL, context, 0);
	INTERPOSE_LEAVE(me, 0);
}

EXPORT int timerfd_gettime(int fd, struct itimerspec *value)
{
	struct virtual_timer *timer;
	struct lane *me = thread_enter();

	timer = me ? timers_find(TIMER_DESCRIPTOR, fd) : NULL;
	if (timer)
		get_time(timer, value);
	if (me)
		thread_leave(me);
	return timer ? 0 : REAL(timerfd_gettime)(fd, value);
}

EXPORT int timerfd_create(int clock, int flags)
{
	struct lane *me = thread_enter();
	struct virtual_timer *timer;
	int fd = REAL(timerfd_create)(clock, flags);

	if (me && fd >= 0) {
		timer = timers_find(TIMER_DESCRIPTOR, fd); /* of a descriptor that was closed */
		if (!timer)
			timer = timers_new(TIMER_DESCRIPTOR);
		if (timer) {
			timer->number = fd;
			timer->clock = clock;
			timers_arm(timer, INT64_MAX, 0);
		}
	}
	if (me)
		thread_leave(me);
	return fd;
}
