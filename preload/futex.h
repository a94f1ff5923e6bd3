/*
 * Futexes, modelled: for syscall(SYS_futex) of the program and for libc's own waits (trap layer).
 * futex(2).
 */
#ifndef PRELOAD_FUTEX_H
#define PRELOAD_FUTEX_H

#include <stdint.h>
#include <time.h>

#include "preload/lane.h"

/*
 * One futex operation with the arguments of the system call, as an operation of the lane. Returns
 * the kernel's result (negative errno). `timeout` is a number (value2) for the operations that take
 * one. Requires the turn and thread_state.inside.
 */
long futex_operation(struct lane *me, uint32_t *word, int operation, uint32_t value,
		     const struct timespec *timeout, uint32_t *word2, uint32_t value3,
		     uint32_t context);

#endif
