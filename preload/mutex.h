/*
 * Mutexes for those that lock on behalf of the program: condition variables and C11 mutexes.
 * All require the turn and thread_state.inside.
 */
#ifndef PRELOAD_MUTEX_H
#define PRELOAD_MUTEX_H

#include <pthread.h>

#include "preload/sched.h"

struct object *mutex_object(struct lane *me, pthread_mutex_t *mutex, uint32_t context);

/* Locks within the pending operation, waits when busy. Result as of pthread_mutex_timedlock(3). */
int mutex_lock(struct lane *me, pthread_mutex_t *mutex, struct object *object, int64_t deadline,
	       uint32_t context);

/* Books after a successful real lock or unlock. */
void mutex_acquired(struct lane *me, struct object *object, uint32_t context);
void mutex_released(struct lane *me, struct object *object);

#endif
