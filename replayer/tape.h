/*
 * The CLI's side of region.tape: the answers of a trace, put where a target that replays takes them
 * from. It reads the trace with a reader of its own and does not look at what the target does with
 * the answers.
 *
 *	tape = tape_open("trace.zst", region, &err);
 *	while (running)
 *		tape_feed(tape);	in each turn of the session's loop
 *	tape_close(tape);
 *
 * What the target writes into the tape is hostile: a position that cannot be gives it nothing more.
 */
#ifndef REPLAYER_TAPE_H
#define REPLAYER_TAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "formats/region.h"
#include "replayer/unpack.h"

struct tape;

/* `region` outlives the tape. NULL with `err` set, codes as of trace_reader.h. */
struct tape *tape_open(const char *trace_path, struct region *region, struct err *err);
void tape_close(struct tape *tape);

/* Files that are opened by reference are those of `unpack` (NULL: none), where it has them. */
void tape_unpacked(struct tape *tape, struct unpack *unpack);

/*
 * Puts in as many records as there is room for, and wakes the target if it waits. `ended` becomes 1
 * behind the last one, 2 where the trace is damaged (tape_error()). Returns whether anything was
 * written. Blocks in reading the trace only.
 */
bool tape_feed(struct tape *tape);

/*
 * When the target is gone: what its children wrote after its last question goes to this process's
 * own standard output and error, as it did in the recording.
 */
void tape_finish(struct tape *tape);

/* Records given so far. */
uint64_t tape_given(const struct tape *tape);

/* Why `ended` is 2; NULL: it is not. */
const struct err *tape_error(const struct tape *tape);

#endif
