/*
 * --pack: the files that a replay needs besides the trace go into the trace, so that another
 * machine of the same architecture can replay it: the executable, the dynamic linker, libraries,
 * and what the answers hold by reference. Collects their paths while the program runs, and writes
 * the files, as they are then, before the outcome. To get them out is replayer/unpack.h.
 *
 *	pack = pack_new();
 *	trace_sink_pack(sink, pack);		paths, while the program runs
 *	pack_header(pack, elf, path, header);
 *	rc = pack_write(pack, writer);
 *	pack_free(pack);
 *
 * A file is lines of its own, the first with mode, size and hash (xxh3-64, as of elf_hash_file()):
 *	{"file":"/usr/lib/x.so","at":0,"mode":420,"size":300000,"hash":"hex","bytes":{"b64":".."}}
 *	{"file":"/usr/lib/x.so","at":196608,"bytes":{"b64":".."}}
 */
#ifndef RECORDER_PACK_H
#define RECORDER_PACK_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "formats/trace_writer.h"
#include "recorder/elf.h"

#define PACK_PIECE (192u << 10) /* bytes of a file in a line */

struct pack;

/* Never NULL. */
struct pack *pack_new(void);
void pack_free(struct pack *pack);

/* Paths that are not absolute, and those of our own libraries, are left out. */
void pack_add(struct pack *pack, const char *path, size_t length);

/*
 * Adds the program that is to be run, and says in the header what a replay has to execute:
 * {"pack":{"program":"/usr/bin/x","linker":"/lib64/ld-linux-x86-64.so.2"}}.
 */
void pack_header(struct pack *pack, const struct elf_info *elf, const char *path, cJSON *header);

/*
 * Writes the files in order of their paths; a note for each that cannot be read. 0 or the error of
 * the writer.
 */
int pack_write(struct pack *pack, struct trace_writer *writer);

#endif
