/*
 * Where the output of a run differs from that of the first run, in words.
 *
 *	first = output_read(worker_stream(worker, 1), &size);
 *	...
 *	output_difference(first, size, worker_stream(worker, 1), text, sizeof(text));
 *	line 3 is "balance 7", in the first run "balance 8"
 */
#ifndef FUZZ_OUTPUT_DIFF_H
#define FUZZ_OUTPUT_DIFF_H

#include <stddef.h>

/* The beginning of the file, 1 MB at most; free(3) it. `*size` bytes, 0 when it cannot be read. */
char *output_read(int fd, size_t *size);

/* Of the first line that differs the part around the difference, clean; "" when none is seen. */
void output_difference(const char *first, size_t first_size, int fd, char *words, size_t size);

#endif
