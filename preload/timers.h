/*
 * Virtual timers: alarm, setitimer, timer_create and timerfd run on the virtual clock.
 */
#ifndef PRELOAD_TIMERS_H
#define PRELOAD_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

enum timer_kind {
	TIMER_NONE,
	TIMER_REAL,       /* alarm and setitimer(ITIMER_REAL): one for the process */
	TIMER_POSIX,      /* timer_create with SIGEV_SIGNAL or SIGEV_THREAD_ID */
	TIMER_DESCRIPTOR, /* timerfd */
};

struct virtual_timer {
	uint32_t kind;    /* enum timer_kind */
	int number;       /* signal; timerfd: the descriptor */
	int64_t deadline; /* virtual ns; INT64_MAX: not armed */
	int64_t interval; /* 0: once */
	uint32_t lane;    /* lane number for SIGEV_THREAD_ID, 0: the process */
	uint32_t overruns;
	void *value; /* sigev_value */
	int clock;   /* of absolute times */
};

/* The next virtual time at which a timer fires; INT64_MAX: none is armed. */
int64_t timers_next(void);

/* Fires all that are due: sends their signals, makes their descriptors readable. */
void timers_fire(void);

/* A free timer, or NULL when there are too many. */
struct virtual_timer *timers_new(enum timer_kind kind);
void timers_delete(struct virtual_timer *timer);

/* The one of this kind and number (ITIMER_REAL: number 0), or NULL. */
struct virtual_timer *timers_find(enum timer_kind kind, int number);

/* By slot, for handles; NULL when the slot is free. */
struct virtual_timer *timers_by_index(uint32_t index);
uint32_t timers_index(const struct virtual_timer *timer);

/* Arms (deadline INT64_MAX: disarms). */
void timers_arm(struct virtual_timer *timer, int64_t deadline, int64_t interval);

#endif
