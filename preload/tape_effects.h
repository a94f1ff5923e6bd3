/*
 * What a call does beside bringing in bytes, and what a replay has to do in its place: descriptors
 * and output to the standard streams. Between tape.c and tape_effects.c.
 */
#ifndef PRELOAD_TAPE_EFFECTS_H
#define PRELOAD_TAPE_EFFECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/answers.h"

/* The call is about something that is not recorded (shared memory): it goes to the kernel. */
bool effects_unrecorded(const struct answers_row *row, long number, const long a[6]);

/* 0, or the error that the program gets so that it goes another way, which can be recorded. */
long effects_refuse(long number, const long a[6]);

/* The call has been made or answered: what that means for the books about descriptors. */
void effects_known(const struct answers_row *row, long number, const long a[6], long result);

/* Writes all of it to a standard stream that is still there, waiting where it has to. */
void effects_output(long fd, const void *bytes, uint64_t length);

#endif
