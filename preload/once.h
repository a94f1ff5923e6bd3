/*
 * One-time initialisation, for pthread_once and call_once.
 */
#ifndef PRELOAD_ONCE_H
#define PRELOAD_ONCE_H

#include <pthread.h>
#include <stdint.h>

#include "preload/lane.h"

/*
 * pthread_once(3) as operations of the lane. `init` runs outside of the runtime; it may be left
 * by a cancellation or an exception. Requires the turn and thread_state.inside.
 */
void once_operation(struct lane *me, pthread_once_t *once, void (*init)(void), uint32_t context);

#endif
