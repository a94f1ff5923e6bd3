/*
 * What counts as the user's code: by path of a source file, file name of a module, name of a
 * function. The policy over a whole location is symbols_user_frame().
 */
#ifndef RECORDER_SYMBOLS_USER_H
#define RECORDER_SYMBOLS_USER_H

#include <stdbool.h>

/* The path is one of the system's headers or of the Rust standard library. */
bool symbols_is_system_path(const char *path);

/* The base name of a module is one of a system library or of our own. */
bool symbols_is_system_module(const char *name);

/* The function belongs to start-up code or to a sanitizer runtime linked into the program. */
bool symbols_is_runtime_function(const char *name);

/* The section holds code that no source wrote: PLT, .init, .fini. */
bool symbols_is_glue_section(const char *name);

#endif
