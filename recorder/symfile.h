/*
 * The ELF side of a module: its file, the separate file with debug information if there is one, its
 * sections and its symbol table sorted by address. Opens files below the module's path and
 * /usr/lib/debug only; never the network.
 */
#ifndef RECORDER_SYMFILE_H
#define RECORDER_SYMFILE_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/err.h"

struct symfile_section {
	uint64_t address, size;
	const char *name;
	bool is_code;
};

struct symfile_symbol {
	uint64_t address, size;
	const char *name; /* raw; lives as long as the symfile */
	uint32_t section;
	uint8_t binding; /* STB_* */
	bool is_code;    /* STT_FUNC or alike, or without type in a code section */
};

struct symfile {
	int fd, debug_fd;
	Elf *elf, *debug_elf;
	Elf *dwarf_elf;                   /* the one of the two with .debug_info, or NULL */
	struct symfile_section *sections; /* allocated ones, by address */
	size_t n_sections;
	struct symfile_symbol *symbols; /* by address; of equal ones the best name last */
	size_t n_symbols;
	bool has_symtab; /* every object is in it, not only the exported ones */
};

/*
 * Opens `path` when its identity is `expected` (symbols_module() tells the forms; NULL or "": any).
 * 0 or -code with a clause for the reader in `err`; ESTALE: another identity. symfile_close() in
 * any case.
 */
int symfile_open(struct symfile *file, const char *path, const char *expected, struct err *err);
void symfile_close(struct symfile *file);

/* The section, function or object that covers the address, or NULL. */
const struct symfile_section *symfile_section(const struct symfile *file, uint64_t address);
const struct symfile_symbol *symfile_code(const struct symfile *file, uint64_t address);
const struct symfile_symbol *symfile_data(const struct symfile *file, uint64_t address);

#endif
