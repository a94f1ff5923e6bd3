/*
 * The sizes of a corpus program: how many threads, and how many events that have nothing to do with
 * its bug (padding). Each program takes them as its first and second argument.
 */
#ifndef CORPUS_SIZE_H
#define CORPUS_SIZE_H

#include <pthread.h>
#include <stdlib.h>

static int size_padding;

/* Reads both arguments; returns the number of threads, by default the fewest that can fail. */
static inline int size_args(int argc, char **argv, int fewest_threads)
{
	size_padding = argc > 2 ? atoi(argv[2]) : 0;
	return argc > 1 ? atoi(argv[1]) : fewest_threads;
}

/* Each thread calls it once: that many operations on a mutex that no other thread ever sees. */
static inline void size_pad(void)
{
	pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;

	for (int events = 0; events < size_padding; events += 2) {
		pthread_mutex_lock(&own);
		pthread_mutex_unlock(&own);
	}
}

#endif
