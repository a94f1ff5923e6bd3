/*
 * The operations on mutexes and condition variables behind pthread_ and C11 functions. Results as
 * of the pthread_ functions. All require the turn and thread_state.inside.
 */
#ifndef PRELOAD_MUTEX_H
#define PRELOAD_MUTEX_H

#include <pthread.h>
#include <time.h>

#include "preload/sched.h"

/* Whole operations, with their points and events. */
int mutex_init(struct lane *me, pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes,
	       uint32_t context);
int mutex_destroy(struct lane *me, pthread_mutex_t *mutex, uint32_t context);
int mutex_enter(struct lane *me, pthread_mutex_t *mutex, uint32_t context);
int mutex_try(struct lane *me, pthread_mutex_t *mutex, uint32_t context);
int mutex_enter_until(struct lane *me, pthread_mutex_t *mutex, clockid_t clock,
		      const struct timespec *until, uint32_t context);
int mutex_leave(struct lane *me, pthread_mutex_t *mutex, uint32_t context);

struct object *mutex_object(struct lane *me, pthread_mutex_t *mutex, uint32_t context);

/* Locks within the pending operation, waits when busy; a virtual deadline or -1. */
int mutex_lock(struct lane *me, pthread_mutex_t *mutex, struct object *object, int64_t deadline,
	       uint32_t context);

/* Books after a successful real lock or unlock. */
void mutex_acquired(struct lane *me, struct object *object, uint32_t context);
void mutex_released(struct lane *me, struct object *object);

int cond_init(struct lane *me, pthread_cond_t *cond, const pthread_condattr_t *attributes,
	      uint32_t context);
void cond_destroy(struct lane *me, pthread_cond_t *cond, uint32_t context);

/* `kind` is EVENT_COND_WAIT or EVENT_COND_TIMEDWAIT. */
int cond_wait(struct lane *me, pthread_cond_t *cond, pthread_mutex_t *mutex, unsigned kind,
	      int64_t deadline, uint32_t context);

/* `kind` is EVENT_COND_SIGNAL or EVENT_COND_BROADCAST. */
int cond_wake(struct lane *me, pthread_cond_t *cond, unsigned kind, uint32_t context);

#endif
