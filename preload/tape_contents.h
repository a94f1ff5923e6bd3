/*
 * Contents of files under the tape: those that are kept by reference (large or installed files;
 * only offset, length and hash are in the trace), and mappings. Between tape.c, tape_effects.c and
 * tape_contents.c.
 */
#ifndef PRELOAD_TAPE_CONTENTS_H
#define PRELOAD_TAPE_CONTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/answers.h"

/*
 * Writes down what came in where that is not what answers_got() walks over; sets flags of enum
 * answer_flag. False: it is.
 */
bool contents_keep(const struct answers_row *row, long number, const long a[6], long result,
		   uint16_t *flags, answers_piece *piece);

/*
 * In a replay: does what has to be done, and may change the result. True: what came in has been
 * read by it.
 */
bool contents_give(const struct answers_row *row, long number, const long a[6], long *result,
		   uint16_t flags, answers_piece *piece);

/*
 * After one of them: the descriptor of a file that the call has opened by reference; in a replay it
 * has any number. -1: none.
 */
long contents_opened(void);

/* A file was mapped: says so where other processes may change it, or it is more than is kept. */
void contents_mapped(const long a[6]);

/* By tape.c: bytes of the answer's first record that are not read yet; the end of a replay. */
uint32_t tape_left(void);
void tape_refuse(const char *what, const char *path, const char *why) __attribute__((noreturn));

#endif
