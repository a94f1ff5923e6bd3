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

#endif
