/*
 * How the kernel and execvp(3) choose what to run: `#!` lines and the search along PATH. The public
 * part, elf_find_program(), is declared in recorder/elf.h.
 */
#ifndef RECORDER_PROGRAM_H
#define RECORDER_PROGRAM_H

#include <stddef.h>

#define PROGRAM_HEAD 256 /* bytes of a file that the kernel looks at (BINPRM_BUF_SIZE) */

/*
 * Reads a `#!` line as Linux does (fs/binfmt_script.c). Returns 1 for a script and stores malloc'ed
 * strings (`*argument` may be NULL); 0 when it is none, or one the kernel refuses with ENOEXEC.
 * Both pointers may be NULL.
 */
int program_parse_script(const char *head, size_t length, char **interpreter, char **argument);

/* NAME of `#!/usr/bin/env NAME` or `#!/usr/bin/env -S NAME ...`, malloc'ed, or NULL. */
char *program_env_name(const char *interpreter, const char *argument);

#endif
