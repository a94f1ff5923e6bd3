/*
 * The modules and code locations of a run, on their way into its trace: gives each place a number
 * and writes its module and location line, symbolised, when it is seen first.
 */
#ifndef RECORDER_LOCATIONS_H
#define RECORDER_LOCATIONS_H

#include <stdint.h>

#include "formats/record.h"
#include "formats/trace_writer.h"
#include "recorder/symbols.h"

struct locations;

/* `writer` outlives it. Never NULL. */
struct locations *locations_new(struct trace_writer *writer);
void locations_free(struct locations *locations);

/* A module was announced: writes its line. 0 or the writer's negative errno. */
int locations_module(struct locations *locations, const struct record_module *record);

/*
 * Number of the place at a link-time address of a module (0: `offset` is absolute and in none).
 * `flags` of enum symbols_flag. An error of the writer is met again at the next line.
 */
uint32_t locations_number(struct locations *locations, uint32_t module, uint64_t offset,
			  unsigned flags);

/*
 * A code object of an interpreter was announced. A later one with the same number takes its place;
 * locations of the old one stay.
 */
void locations_code(struct locations *locations, const struct record_code *record);

/*
 * Numbers of the places of a call stack, `context->count` of them. Those of interpreted code have
 * the source line as it is on disk now; below them the interpreter is no code of the user.
 */
void locations_frames(struct locations *locations, const struct record_context *context,
		      uint32_t *numbers);

/* Number of the place at an absolute address. */
uint32_t locations_address(struct locations *locations, uint64_t address, unsigned flags);

/* Path of the module, "?" when there is none. Valid until the next module. */
const char *locations_module_path(const struct locations *locations, uint32_t module);

/* What it looks names up with; its own. */
struct symbols *locations_symbols(struct locations *locations);

/* symbols_data() for an object with static storage. NULL when it has no name. */
const char *locations_data(struct locations *locations, uint32_t module, uint64_t offset);

#endif
