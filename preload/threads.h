/*
 * Kernel threads and lanes: who is who. Between the interposers of threads, processes and signals.
 */
#ifndef PRELOAD_THREADS_H
#define PRELOAD_THREADS_H

#include <pthread.h>

#include "preload/lane.h"

/* Makes the key whose destructor ends lanes. Once, from the constructor. 0 or negative errno. */
int threads_init(void);

/* The calling kernel thread is this lane from now on. */
void threads_enter(struct lane *lane);

/* The lane of a pthread that has not been joined, or NULL. */
struct lane *threads_find(pthread_t handle);

/* A lane whose kernel thread could not be created. */
void threads_abandon(struct lane *lane);

/*
 * Acts on a cancellation that is pending: does not return when it is enabled; cleanup handlers run
 * with the turn, outside of the runtime. Requires thread_state.inside.
 */
void threads_testcancel(void);

/* May the calling thread be cancelled now? */
bool threads_cancel_enabled(void);

/*
 * The operations behind pthread_ and thrd_ functions, with their points and events. Results as of
 * the pthread_ functions. Require the turn and thread_state.inside. `c11`: the start routine
 * returns int.
 */
int threads_create(struct lane *me, pthread_t *thread, const pthread_attr_t *attributes,
		   void *(*start)(void *), bool c11, void *argument, uint32_t context);
int threads_join(struct lane *me, pthread_t thread, void **value, unsigned kind, int64_t deadline,
		 uint32_t context);
int threads_detach(struct lane *me, pthread_t thread, uint32_t context);

#endif
