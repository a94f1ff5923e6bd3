/*
 * What a program file is, before it is started: can frontrun control it, what must be preloaded,
 * and the identity that goes into the trace. Reads files only; never runs or maps them as code.
 *
 *	struct elf_info info;
 *	if (elf_find_program("server", getenv("PATH"), &path, &err) == 0 &&
 *	    elf_inspect(path, &info, &err) == 0) {
 *		...
 *		elf_info_fini(&info);
 *	}
 */
#ifndef RECORDER_ELF_H
#define RECORDER_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/err.h"

#define ELF_SCRIPT_LEVELS 4  /* `#!` lines that are followed, see execve(2) */
#define ELF_BUILD_ID_HEX 129 /* 64 bytes in hex, and the NUL */

/* The `#!` line of one level. */
struct elf_script {
	char *interpreter; /* as written */
	char *argument;    /* the rest of the line, or NULL */
};

struct elf_info {
	/* The file itself. */
	uint64_t size;    /* bytes */
	uint64_t hash;    /* xxh3-64 of the content */
	unsigned scripts; /* `#!` levels; 0: `path` is not a script */
	struct elf_script script[ELF_SCRIPT_LEVELS];
	char *env_program; /* `#!/usr/bin/env NAME`: NAME, else NULL */

	/*
	 * What the kernel loads: the file itself, or the last interpreter of a script. All fields
	 * below are of this file; all of them are false, empty or NULL when is_elf is false.
	 */
	char *elf_path;
	uint64_t elf_hash; /* xxh3-64; equals `hash` when there are no scripts */
	bool is_elf;
	bool is_x86_64;    /* 64-bit, little endian, EM_X86_64 (x32 is not) */
	bool is_program;   /* ET_EXEC or ET_DYN */
	bool is_dynamic;   /* has PT_INTERP: ld.so runs and honours LD_PRELOAD */
	bool is_pie;       /* ET_DYN with PT_INTERP or DF_1_PIE */
	char *interpreter; /* PT_INTERP, or NULL */
	char **needed;     /* DT_NEEDED, in order */
	size_t n_needed;
	char build_id[ELF_BUILD_ID_HEX]; /* lower-case hex; "" without a build id */

	/* Privileges. */
	bool is_setuid, is_setgid, has_capabilities; /* mode bits, security.capability */
	/* The present user would run it in secure-execution mode (LD_PRELOAD is ignored). */
	bool is_secure;

	/* Runtimes that change what the recorder has to do. */
	bool needs_asan, defines_asan; /* libasan in NEEDED; __asan_init defined inside */
	bool needs_tsan, defines_tsan; /* libtsan in NEEDED; __tsan_init defined inside */
	bool needs_openmp;             /* libgomp, libomp or libiomp5 in NEEDED */
	bool is_go;                    /* built by the Go tool chain */
};

/*
 * Describes the file `path`. A script is followed through its `#!` lines; a missing interpreter is
 * the error -ENOENT, more than ELF_SCRIPT_LEVELS levels -ELOOP. A file that is neither ELF nor
 * script is no error: is_elf is false and scripts 0. A damaged ELF file is no error either: what
 * cannot be read is left empty. Returns 0, and the caller frees with elf_info_fini(); or a negative
 * errno with `err`, and nothing has to be freed. Reads the whole file: 3 to 15 ms for the 7 MB of
 * python3.11, from the page cache. May block on the disk.
 */
int elf_inspect(const char *path, struct elf_info *info, struct err *err);
void elf_info_fini(struct elf_info *info);

/* xxh3-64 of the content of `path`. 0 or a negative errno. */
int elf_hash_file(const char *path, uint64_t *hash, struct err *err);

/* Build id of the ELF file `path` in hex, "" when it has none. 0 or a negative errno. */
int elf_build_id(const char *path, char hex[ELF_BUILD_ID_HEX], struct err *err);

/*
 * Finds what execvp(3) would run for `name`: as it is when it contains a slash, else along
 * `path_env` (NULL: the default of the system; empty element: the working directory). What
 * execve(2) would refuse is refused here with its errno, so that the sentence can say why before a
 * process exists: -ENOENT (also a missing interpreter), -EACCES (no permission, a directory),
 * -ENOEXEC (neither ELF nor `#!`; execvp would hand such a file to /bin/sh, frontrun does not),
 * -ENOTDIR, -ELOOP, -ENAMETOOLONG. `*out` is malloc'ed on success. elf_exit_status() turns the
 * errno into the exit code of env(1).
 */
int elf_find_program(const char *name, const char *path_env, char **out, struct err *err);

/* 127 when the program was not found, 126 when it was found and cannot be run. */
int elf_exit_status(int error);

#endif
