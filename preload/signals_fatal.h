/*
 * Signals that end the process: their stack goes into the region before the process dies as it
 * would without us. And the watchdog's signal, which interrupts a lane that runs without any
 * operation.
 */
#ifndef PRELOAD_SIGNALS_FATAL_H
#define PRELOAD_SIGNALS_FATAL_H

#include <signal.h>
#include <stdbool.h>

void signals_fatal_init(void);

/* The kernel's action for this signal is our handler. */
bool signals_fatal_is_ours(int number);

/* The program asks for the default action: ours again, true if this is one of ours. */
bool signals_fatal_restore(int number);

/* The program has set an action of its own. */
void signals_fatal_taken(int number);

/* In a forked child: the default actions. */
void signals_fatal_child(void);

void signals_fatal_handler(int number, siginfo_t *info, void *context);

#endif
