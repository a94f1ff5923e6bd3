/*
 * The files that --pack has put into a trace, out of it again: below a directory of their own,
 * which is removed at the end, and for the use of a replay. Whoever wrote the trace may mean harm:
 * a path that leads outside of the directory is refused, there are no links in it, nothing is
 * set-uid, and sizes are limited.
 *
 *	unpack = unpack_new(trace_path, header, &err);
 *	path = unpack_path(unpack, "/usr/lib/x", 10);	where it is now, NULL: not in the trace
 *	unpack_free(unpack);
 */
#ifndef REPLAYER_UNPACK_H
#define REPLAYER_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "formats/err.h"

/* Codes of struct err beside errno and those of trace_reader.h. */
enum unpack_err {
	UNPACK_ERR_PATH = ERR_MODULE + 680, /* leads outside */
	UNPACK_ERR_CONTENT,                 /* pieces, sizes or hashes are not as they say */
};

struct unpack;

/* Does the header say that there are files in the trace? */
bool unpack_is_packed(const cJSON *header);

/* NULL with `err` set, and nothing is left behind. Blocks in reading and writing. */
struct unpack *unpack_new(const char *trace_path, const cJSON *header, struct err *err);
void unpack_free(struct unpack *unpack);

/* Of the unpacked file with this path of the recording; lasts until the next call. */
const char *unpack_path(struct unpack *unpack, const char *path, size_t length);

/* The directory below which the files are by their paths. */
const char *unpack_root(const struct unpack *unpack);

/* The program to execute, which loads the unpacked dynamic linker; NULL: the trace has none. */
const char *unpack_program(const struct unpack *unpack);

/*
 * The words with which the kernel starts the interpreter of the script `program` (a member of the
 * header) for `argv`. malloc'ed, to be freed as header_argv(); NULL where another program looks for
 * the interpreter (env) or the interpreter is a script itself.
 */
char **unpack_script(const cJSON *program, char *const *argv);

/* "/tmp/x/lib:/tmp/x/usr/lib": directories of the libraries, "" when there are none. */
const char *unpack_libraries(const struct unpack *unpack);

/*
 * Is this a path below which the files may go: absolute, without "..", "." and empty parts? Else
 * UNPACK_ERR_PATH.
 */
int unpack_check_path(const char *path, size_t length, struct err *err);

#endif
