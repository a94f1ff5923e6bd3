/*
 * One answer of the outside as a line for people: `read(3, 4096) = 16 "GET n\r\n"...`. As strace(1)
 * writes calls, as far as a trace has them: what an address leads to stands as the bytes of it.
 */
#ifndef REPLAYER_ANSWER_TEXT_H
#define REPLAYER_ANSWER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/trace_lines.h"
#include "recorder/text.h"

enum { ANSWER_TEXT_BYTES = 40 }; /* of each name and payload */

void answer_text(struct text *text, const struct trace_answer *answer);

/* Words that each have a NUL behind them, as the command line of a process in /proc. */
void answer_words(struct text *text, const void *words, size_t len);

/* The call moves bytes: its result is how many. 1: they come in, -1: they are sent, 0: neither. */
int answer_direction(uint16_t call);

#endif
