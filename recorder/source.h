/*
 * Source files: paths as compilers write them, and single lines for stories. Reads what is on disk
 * now; that the file is still the one that was compiled is not known here.
 */
#ifndef RECORDER_SOURCE_H
#define RECORDER_SOURCE_H

#include <stddef.h>

#define SOURCE_PATH_MAX 4096
#define SOURCE_LINE_MAX 500                /* bytes of a line that are given out */
#define SOURCE_FILE_MAX ((size_t)64 << 20) /* bytes of a file; larger ones are refused */

/*
 * `path`, below `directory` when it is relative (NULL: it stays relative), without "//", "/./" and
 * "/../" (by text: links are not followed), into `buf`. Cut when longer than `size`.
 */
void source_path(const char *path, const char *directory, char *buf, size_t size);

/*
 * Line `line` (from 1) of the file `path`, without its newline and the blanks before it, cut at
 * SOURCE_LINE_MAX bytes (never inside a UTF-8 sequence), control characters replaced by '?' and
 * tabs by spaces; always NUL-terminated. A relative path is looked for below `comp_dir`, then below
 * `cwd` (either may be NULL), then not at all. Returns the length in bytes; -ENOENT no such file,
 * -ERANGE no such line, -EFBIG, -EACCES (also: not a regular file), another negative errno; `buf`
 * is "" then.
 */
int source_line(const char *path, const char *comp_dir, const char *cwd, unsigned line, char *buf,
		size_t size);

#endif
