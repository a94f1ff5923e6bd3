/*
 * An interpreter in the program: loads the agent for it (preload/python/), and takes what the agent
 * sees into the schedule. The agent's library stands beside ours, one for each minor version of
 * CPython; without one for this version only locks, files and so on are points.
 */
#ifndef PRELOAD_INTERPRETER_H
#define PRELOAD_INTERPRETER_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/record.h"
#include "preload/lane.h"

extern bool interpreter_active;

/*
 * Before the second lane is made: brings the agent into the interpreter, if there is one that has
 * started. Says so in the trace where that is not possible. Requires the turn.
 */
void interpreter_start(struct lane *me);

/* A run begins, the plan is another one. */
void interpreter_run(void);

/*
 * A call stack by its places: of machine code down to the interpreter, then of the interpreted
 * program. 0 when the calling thread interprets nothing.
 */
uint32_t interpreter_stack(const uint64_t *pcs, uint32_t count, uint64_t *places, uint32_t room);

/* A place of interpreted code as a frame; announces its code. False for a machine address. */
bool interpreter_frame(uint64_t place, struct record_frame *frame);

#endif
