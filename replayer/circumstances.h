/*
 * What is different now from when a trace was recorded: directory, environment, limits, program and
 * libraries. Each difference is one sentence for a warning. Nothing here decides whether a replay
 * can work: the comparison of events does.
 */
#ifndef REPLAYER_CIRCUMSTANCES_H
#define REPLAYER_CIRCUMSTANCES_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "formats/trace_names.h"
#include "formats/trace_reader.h"
#include "recorder/elf.h"

/* Gets each sentence; `minor`: only worth showing with -v. The text is clean. */
typedef void (*circumstances_tell)(void *self, bool minor, const char *sentence);

/*
 * Environment, umask and limits of this process against those of the header. `given`: the program
 * gets the recorded ones, as far as it may have them.
 */
void circumstances_process(const cJSON *header, bool given, circumstances_tell tell, void *self);

/*
 * What the standard descriptors are: a program whose output is a pipe buffers it in another way
 * than on a terminal, and so may take another course. `minor` is handed on.
 */
void circumstances_streams(const cJSON *header, bool minor, circumstances_tell tell, void *self);

/* What ran beside the recording and is not in it. Reads the whole trace and rewinds it. */
void circumstances_beside(struct trace_reader *reader, circumstances_tell tell, void *self);

/* The program that will run against the recorded one, and the libraries by path. Reads files. */
void circumstances_files(const cJSON *header, const struct trace_names *names,
			 const struct elf_info *elf, circumstances_tell tell, void *self);

#endif
