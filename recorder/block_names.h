/*
 * What people call memory of an allocated block: the type that the pointer has to which the result
 * of the allocation is assigned, by its source line ("node.next"), else where it was allocated.
 * Remembers the call stacks that are announced, as allocations name them by number.
 */
#ifndef RECORDER_BLOCK_NAMES_H
#define RECORDER_BLOCK_NAMES_H

#include "formats/record.h"
#include "recorder/symbols.h"

struct block_names;

struct block_names *block_names_new(struct symbols *symbols);
void block_names_free(struct block_names *names);

void block_names_context(struct block_names *names, const struct record_context *record);

/*
 * `inside` bytes into a block that was allocated at `context`. Valid until the next call; NULL:
 * nothing is known.
 */
const char *block_names_of(struct block_names *names, uint32_t context, uint64_t inside);

#endif
