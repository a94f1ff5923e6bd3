/*
 * Locks that a forked child can never have: another thread held them at the fork, which does not
 * exist in the child (fork(2), POSIX.1-2017 fork(): only the calling thread is replicated). The
 * child says so when it begins to wait; the program fails when it waits for that child and nothing
 * else can happen.
 */
#ifndef PRELOAD_CHILD_LOCKS_H
#define PRELOAD_CHILD_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"

/* This process is a child that was forked from a lane. */
extern bool child_locks_watched;

/* In the child of a fork, while `me` is still the lane that has made it. */
void child_locks_forked(const struct lane *me);

/* In the program: it has made a child. */
void child_locks_made(void);

/* In the child: it is about to wait for the lock at this address, without a time-out. */
void child_locks_wait(const volatile void *address);

/*
 * In the program, while nobody can run: does not return when all that it waits for are children,
 * and one of them can never end. Requires the turn.
 */
void child_locks_look(struct lane *me);

/* The same in a replay of such a run; the choice of the DECISION_CHILD. */
void child_locks_fail(struct lane *me, int64_t choice, bool forced);

/* Has the child of such a run come to where it waits? */
bool child_locks_said(void);

#endif
