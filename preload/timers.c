/*
 * Virtual timers, see timers.h. They fire when the virtual clock reaches them, by readings or by a
 * jump.
 */
#include "preload/timers.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/lane.h"
#include "preload/raw.h"
#include "preload/sched.h"
#include "preload/signals.h"

#define TIMERS 256

static struct virtual_timer timers[TIMERS];
static uint32_t used; /* highest slot ever used + 1 */
static int64_t next = INT64_MAX;

static void find_next(void)
{
	uint32_t i;

	next = INT64_MAX;
	schedule.timers = 0;
	for (i = 0; i < used; i++) {
		if (timers[i].kind == TIMER_NONE || timers[i].deadline == INT64_MAX)
			continue;
		schedule.timers++;
		if (timers[i].deadline < next)
			next = timers[i].deadline;
	}
}

int64_t timers_next(void)
{
	return next;
}

struct virtual_timer *timers_new(enum timer_kind kind)
{
	uint32_t i;

	for (i = 0; i < TIMERS; i++)
		if (timers[i].kind == TIMER_NONE) {
			memset(&timers[i], 0, sizeof timers[i]);
			timers[i].kind = kind;
			timers[i].deadline = INT64_MAX;
			if (i >= used)
				used = i + 1;
			return &timers[i];
		}
	return NULL;
}

void timers_delete(struct virtual_timer *timer)
{
	timer->kind = TIMER_NONE;
	find_next();
}

struct virtual_timer *timers_find(enum timer_kind kind, int number)
{
	uint32_t i;

	for (i = 0; i < used; i++)
		if (timers[i].kind == (uint32_t)kind &&
		    (kind == TIMER_REAL || timers[i].number == number))
			return &timers[i];
	return NULL;
}

struct virtual_timer *timers_by_index(uint32_t index)
{
	return index < used && timers[index].kind != TIMER_NONE ? &timers[index] : NULL;
}

uint32_t timers_index(const struct virtual_timer *timer)
{
	return (uint32_t)(timer - timers);
}

void timers_arm(struct virtual_timer *timer, int64_t deadline, int64_t interval)
{
	timer->deadline = deadline;
	timer->interval = interval;
	find_next();
}

static void fire(struct virtual_timer *timer)
{
	struct itimerspec now = { { 0, 0 }, { 0, 1 } };
	siginfo_t info;

	/* the real one, which the program polls, expires at once */
	if (timer->kind == TIMER_DESCRIPTOR) {
		raw(SYS_timerfd_settime, timer->number, 0, &now, 0);
		sched_outside_changed();
		return;
	}
	if (!timer->number)
		return; /* SIGEV_NONE */
	memset(&info, 0, sizeof info);
	info.si_signo = timer->number;
	info.si_code = timer->kind == TIMER_POSIX ? SI_TIMER : SI_KERNEL;
	info.si_value.sival_ptr = timer->value;
	signals_send(schedule.current, timer->lane ? lane_by_number(timer->lane) : NULL,
		     timer->number, &info);
}

void timers_fire(void)
{
	uint32_t i;

	if (schedule.now < next)
		return;
	for (i = 0; i < used; i++) {
		struct virtual_timer *timer = &timers[i];

		if (timer->kind == TIMER_NONE || timer->deadline > schedule.now)
			continue;
		timer->overruns = 0;
		if (timer->interval) {
			timer->overruns =
				(uint32_t)((schedule.now - timer->deadline) / timer->interval);
			timer->deadline += timer->interval * (timer->overruns + 1);
		} else {
			timer->deadline = INT64_MAX;
		}
		fire(timer);
	}
	find_next();
}
