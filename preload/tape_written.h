/*
 * What the program writes in a replay from the tape, kept if wanted (PLAN_WRITTEN): files that it
 * opens for writing are made below a directory of the replay's own, under their absolute paths, and
 * get what is written to them. Nothing of them is ever read back.
 */
#ifndef PRELOAD_TAPE_WRITTEN_H
#define PRELOAD_TAPE_WRITTEN_H

#include <stdbool.h>

/* From tape_init(). */
void written_init(void);

/*
 * A successful call of the recording that opens a file: a descriptor of the copy, -1 where none is
 * wanted (it is only read, or is named relative to a descriptor).
 */
long written_open(long number, const long a[6]);

/* A successful call that makes, moves or removes a name: the same is done to the copies. */
void written_name(long number, const long a[6]);

/* A call on the descriptor of a copy, which moves or changes it. */
bool written_moves(long number);

#endif
