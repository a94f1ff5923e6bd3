/*
 * Files for the tests of the trace container: any lines in any frames, and runs of known content.
 */
#ifndef TESTS_UNIT_TRACE_FILES_H
#define TESTS_UNIT_TRACE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/trace_lines.h"

enum { TRACE_FILES_NAMES = 8 };

/* A file name of that name in a private directory, which is removed when the process ends. */
const char *trace_files_path(const char *name);

/* Whole files. A read file is to be freed. */
char *trace_files_read(const char *path, size_t *len);
void trace_files_write(const char *path, const void *data, size_t len);

/* `frames` (NULL-terminated) each as a zstd frame with checksum, and the seek table if wanted. */
void trace_files_frames(const char *path, const char *const *frames, bool table);

/* All lines of a file, by zstd alone; to be freed. */
char *trace_files_lines(const char *path, size_t *len);

/* Event (decision) number n of the run that trace_files_run() writes. */
struct trace_event trace_files_event(uint64_t n);
struct trace_decision trace_files_decision(uint64_t n);

/* Answer number n, one after each seventh event. */
struct trace_answer trace_files_answer(uint64_t n);

/*
 * A run of `events` events with a decision after every third, TRACE_FILES_NAMES names of each type
 * at the beginning and four of them again at events 1000, 2000..., a flush after each `flush`
 * events (0: only where the writer does), and an outcome. Returns the number of decisions.
 */
uint64_t trace_files_run(const char *path, uint64_t events, uint64_t flush);

/* Equality in all that is in the file. */
void trace_files_same_event(const struct trace_event *a, const struct trace_event *b);
void trace_files_same_decision(const struct trace_decision *a, const struct trace_decision *b);
void trace_files_same_answer(const struct trace_answer *a, const struct trace_answer *b);

#endif
