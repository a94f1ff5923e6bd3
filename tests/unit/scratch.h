/*
 * A private directory for a test that makes files or compiles programs. Not for anything that
 * outlives the process.
 */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <stddef.h>

/* The directory; made by the first call, removed with all that is in it when the process exits. */
const char *scratch_dir(void);

/* DIR/name. The last 8 answers stay valid. */
const char *scratch_path(const char *name);

/* Writes the bytes to DIR/name with `mode` and returns its path, as scratch_path(). */
const char *scratch_bytes(const char *name, const void *bytes, size_t size, unsigned mode);
const char *scratch_text(const char *name, const char *text);

/* The whole file, malloc'ed. */
void *scratch_read(const char *name, size_t *size);

/* Runs a shell command in DIR; the test fails, with the command, when its status is not 0. */
void scratch_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Same, but gives back the exit status and shows nothing of its output. */
int scratch_try(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
