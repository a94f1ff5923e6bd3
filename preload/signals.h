/*
 * Signals of the target: handlers run at scheduling points of a lane, not in between.
 */
#ifndef PRELOAD_SIGNALS_H
#define PRELOAD_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"

/* Installs what the runtime itself needs (fatal signals, watchdog); once, from the constructor. */
void signals_init(void);

/*
 * Runs the handlers of signals that wait for `me`, each as an event with a recorded decision. True when at least one
 * handler ran. Requires the turn and thread_state.inside == 1.
 */
bool signals_deliver(struct lane *me);

/* A signal from outside could still wake a lane that waits in sem_wait or an interruptible call. */
bool signals_awaited(void);

/* In a child made by fork: back to the program's own handlers, nothing is deferred any more. */
void signals_child(void);

#endif
