/*
 * What DWARF says about one module, by libdw: the functions (with inlining) and lines at an address
 * of code, and the variable, member and element at an address of data. ELF symbols are symfile.c's.
 *
 * Lazy: opening walks the heads of the compilation units only; the first question about a unit
 * walks its tree once. Handles DWARF 2 to 5, split (.dwo next to the objects) and dwz'ed files.
 * Depth and number of everything that comes from the file are bounded.
 */
#ifndef RECORDER_DEBUGINFO_H
#define RECORDER_DEBUGINFO_H

#include <libelf.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/pool.h"
#include "recorder/symbols.h"

struct debuginfo;

/* NULL when libdw refuses the file. `elf` must stay open; strings of answers go to `pool`. */
struct debuginfo *debuginfo_open(Elf *elf, struct pool *pool);
void debuginfo_close(struct debuginfo *info);

/*
 * The functions at a link-time address, innermost first, into `frames`. Returns their number, 0
 * when no unit with debug information covers the address.
 */
unsigned debuginfo_frames(struct debuginfo *info, uint64_t address,
			  struct symbol_frame frames[SYMBOLS_FRAMES_MAX]);

/*
 * Name of the object at a link-time address (see symbols_data()), or NULL. The first call walks
 * units until the address is found, all of them at worst.
 */
const char *debuginfo_data(struct debuginfo *info, uint64_t address);

/*
 * Name of what lies `offset` bytes into memory that the pointer called `name` at the code at
 * `address` (a variable that can be seen there, or a member of any structure) leads to:
 * "node.next", "table[3]"; NULL when there is no such pointer.
 */
const char *debuginfo_pointed(struct debuginfo *info, uint64_t address, const char *name,
			      uint64_t offset);

/*
 * Name of the variable or parameter of the function at `address` that is `below` bytes below the
 * canonical address of its frame: "main::job.number"; NULL when none is known to be there.
 */
const char *debuginfo_local(struct debuginfo *info, uint64_t address, uint64_t below);

#endif
