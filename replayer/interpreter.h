/*
 * Which version of Python a trace was recorded with, and a command would run: "3.11". Found by the
 * names of files; nothing is run.
 */
#ifndef REPLAYER_INTERPRETER_H
#define REPLAYER_INTERPRETER_H

#include <cjson/cJSON.h>

#include "formats/err.h"
#include "formats/trace_names.h"

#define INTERPRETER_VERSION 16 /* bytes, NUL included */

/* By the agent that was in the program; "" when there was none. */
void interpreter_recorded(const struct trace_names *names, char version[INTERPRETER_VERSION]);

/*
 * Of the program that `command` would be, along the PATH in `path`: by the name of its file once
 * links are followed, or of the library that it needs. "" for anything else.
 */
void interpreter_of(const char *command, const char *path, char version[INTERPRETER_VERSION]);

/* Of what the command of a trace leads to now, from where and with the PATH that it was given. */
void interpreter_of_recording(const cJSON *header, char version[INTERPRETER_VERSION]);

/*
 * The command of a trace with another interpreter, also where it was a script that named its own.
 * NULL-terminated, to be freed with header_free_words(); NULL with `err` set.
 */
char **interpreter_command(const cJSON *header, const char *python, struct err *err);

#endif
