/*
 * From (module, offset) to names and lines, offline: the target may be gone, the files are read
 * again by path. Nothing of a module is opened before its first lookup, and its debug information
 * only when there is some. Never asks the network (debuginfod is not used).
 *
 *	struct symbols *s = symbols_new();
 *	struct symbol_location at;
 *
 *	symbols_module(s, 0, "/home/me/bank", "3f2a...");
 *	symbols_lookup(s, 0, 0x11d6, SYMBOLS_RETURN_ADDRESS, &at);
 *	printf("%s %s:%u\n", at.frames[0].function, at.frames[0].file, at.frames[0].line);
 *	symbols_free(s);
 *
 * An offset is a link-time address: run-time address minus load bias (dl_iterate_phdr's dlpi_addr;
 * 0 for a program that is not position independent). All strings belong to the `struct symbols` and
 * live as long as it. They come from files of the target: whoever prints them neutralises control
 * characters. Not thread safe.
 */
#ifndef RECORDER_SYMBOLS_H
#define RECORDER_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

#define SYMBOLS_MODULES_MAX 65536 /* module numbers are below this */
#define SYMBOLS_FRAMES_MAX 32     /* deeper inlining is cut at the outer end */

enum symbols_flag {
	/*
	 * The offset is a return address: the instruction of interest is the call before it. The
	 * answer is the one for offset - 1.
	 */
	SYMBOLS_RETURN_ADDRESS = 1,
};

/* One function at the place; several when the compiler inlined. */
struct symbol_frame {
	const char *function; /* qualified, without parameters: "Bank::deposit"; NULL unknown */
	const char *file; /* for people: relative to comp_dir if below it and not a system path */
	const char *path; /* absolute where DWARF tells, else as file; NULL unknown */
	const char *comp_dir; /* working directory of the compiler, or NULL */
	uint32_t line;        /* 0 unknown */
	uint32_t column;      /* 0 unknown */
	bool is_inlined;      /* has no code of its own: inlined into the next frame */
};

struct symbol_location {
	uint32_t module;
	const char *module_name; /* base name of its path; "?" for a module never registered */
	uint64_t offset;         /* as asked for */
	const char *symbol;      /* the ELF symbol that covers it, raw (mangled), or NULL */
	uint64_t symbol_offset;  /* distance from its start */
	/* Innermost first; the last one is the real function. n_frames is at least 1. */
	const struct symbol_frame *frames;
	unsigned n_frames;
	/* Why there is no more than module and offset, or no lines; NULL: all there. */
	const char *reason;
};

struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);

/*
 * Registers a module. `build_id` guards against a file that changed since the trace was written:
 * hex of the GNU build id, or "xxh3:" and 16 hex digits of the content hash (recorder/elf.h), or
 * NULL or "" for no check. With another identity the file is not used. Registering a number again
 * replaces it; locations of the old one stay readable. 0, or -EINVAL for a number out of range.
 * Does not touch the file.
 */
int symbols_module(struct symbols *s, uint32_t module, const char *path, const char *build_id);

/*
 * Fills `location`; always possible, at worst with module name and offset and a reason. `flags`
 * is of enum symbols_flag. Reads files on the first lookup in a module and in a compilation unit;
 * answers are cached.
 */
void symbols_lookup(struct symbols *s, uint32_t module, uint64_t offset, unsigned flags,
		    struct symbol_location *location);

/*
 * Name of the object with static storage at `offset`: "bank.accounts[3].lock", "Bank::total",
 * "next_id::counter" for a static variable inside a function; without debug information the ELF
 * symbol, "accounts+0x18". The first byte of an object is named as its innermost first member.
 * Bytes that have no name of their own (padding, the inside of a pthread_mutex_t or std::vector)
 * are the enclosing name and "+0x8". NULL when nothing is known.
 */
const char *symbols_data(struct symbols *s, uint32_t module, uint64_t offset);

/*
 * Name of what lies `inside` bytes into memory that the pointer called `pointer` leads to, as seen
 * by the code at `offset`: "node.next", "table[3]". NULL when nothing is known.
 */
const char *symbols_pointed(struct symbols *s, uint32_t module, uint64_t offset,
			    const char *pointer, uint64_t inside);

/*
 * Name of the variable of the function at `offset` that is so many bytes below the canonical
 * address of its frame: "main::job.number". NULL when nothing is known.
 */
const char *symbols_local(struct symbols *s, uint32_t module, uint64_t offset, uint64_t below);

/*
 * Index of the innermost frame that is the user's code, or -1. Not the user's: system libraries
 * (libc, libstdc++, sanitizer and OpenMP runtimes, libfrontrun), functions from system include
 * directories (std::mutex::lock), the Rust standard library, start-up code and the PLT. Code of
 * unknown origin (no debug information) in any other module is taken for the user's.
 */
int symbols_user_frame(struct symbols *s, const struct symbol_location *location);

/* The module, by its file name, can hold code of the user; false for system libraries. */
bool symbols_is_user_module(struct symbols *s, uint32_t module);

/* symbols_user_frame() >= 0. `location` must be one of `module`. */
bool symbols_is_user(struct symbols *s, uint32_t module, const struct symbol_location *location);

/* Path under which the module was registered, or NULL. */
const char *symbols_module_path(struct symbols *s, uint32_t module);

#endif
