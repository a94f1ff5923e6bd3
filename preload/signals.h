/*
 * Signals of the target: handlers run at scheduling points of a lane, not in between.
 *
 * A signal that a handler of the program is waiting for is queued when it arrives (by the kernel,
 * by another lane's pthread_kill, by a virtual timer) and delivered when its lane next stands at a
 * point or is blocked: a decision (DELIVERY) and an event. Faults of the lane itself are delivered
 * at once. Signals whose disposition is "default" or "ignore" are the kernel's business, but for
 * fatal ones, whose stack we keep.
 */
#ifndef PRELOAD_SIGNALS_H
#define PRELOAD_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"

/* Installs what the runtime itself needs (fatal signals, watchdog); once, from the constructor. */
void signals_init(void);

/*
 * Runs the handlers of signals that wait for `me`, each as an event with a recorded decision.
 * Requires the turn and thread_state.inside == 1. Returns 0 when none ran, 1 when all that ran have
 * SA_RESTART, else 2.
 */
int signals_deliver(struct lane *me);

/*
 * The same at a place that is no point of an operation: where the program has sent itself one, or
 * changed its mask. Such a place has a name of its own, as the next point has the same k.
 */
void signals_deliver_between(struct lane *me);

/* Signals wait for this lane. Callable without the turn. */
bool signals_waiting(const struct lane *lane);

/* A SIGSYS that somebody has sent, from the handler of the trap layer. */
void signals_sigsys(siginfo_t *info, void *context);

/* A signal from outside could still wake a lane that waits in sem_wait or an interruptible call. */
bool signals_awaited(void);

/* In a child made by fork: back to the program's own handlers, nothing is deferred any more. */
void signals_child(void);

/*
 * Sends a signal to a lane (or, NULL, to the process: the first lane that does not block it, as
 * signal(7) says), as the kernel would, but in the order of the schedule. Negative errno on
 * failure.
 */
long signals_send(struct lane *me, struct lane *to, int number, const siginfo_t *info);

/*
 * Before sigwait and its like: true when a signal in the set is pending for the process or this
 * thread.
 */
bool signals_pending_in(uint64_t set);

/* The lane's mask has changed: keep our own copy, with the kernel's bits. */
void signals_mask_changed(struct lane *me, uint64_t mask);

/* sigaction(2) as the program sees it. Negative errno. */
long signals_action(int number, const struct sigaction *action, struct sigaction *old);

#endif
