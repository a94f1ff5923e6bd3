/*
 * See the header. The search for separate debug files is the one described in "Debugging
 * Information in Separate Files" of the gdb manual, with /usr/lib/debug as the only global
 * directory.
 */
#include "recorder/symfile.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/elf.h"

#define DEBUG_ROOT "/usr/lib/debug"
/* Read below, map above: a file that is truncated while mapped would end us with SIGBUS. */
#define READ_LIMIT ((off_t)512 << 20)
#define SCAN_BACK 256 /* symbols before an address that may still reach over it */

static Elf *open_elf(const char *path, int *fd)
{
	struct stat st;
	Elf *elf = NULL;

	elf_version(EV_CURRENT);
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return NULL;
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		elf = elf_begin(*fd, st.st_size <= READ_LIMIT ? ELF_C_READ : ELF_C_READ_MMAP, NULL);
	if (elf && (elf_kind(elf) != ELF_K_ELF || gelf_getclass(elf) != ELFCLASS64)) {
		elf_end(elf);
		elf = NULL;
	}
	if (!elf) {
		close(*fd);
		*fd = -1;
		errno = ENOEXEC;
	}
	return elf;
}

static void hex_build_id(Elf *elf, char hex[ELF_BUILD_ID_HEX])
{
	const void *id;
	const unsigned char *bytes;
	ssize_t n = dwelf_elf_gnu_build_id(elf, &id), i;

	hex[0] = '\0';
	if (n <= 0 || n > (ELF_BUILD_ID_HEX - 1) / 2)
		return;
	bytes = id;
	for (i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
}

static bool has_debug_info(Elf *elf)
{
	Elf_Scn *section = NULL;
	const char *name;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return false;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		if (name && (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0))
			return true;
	}
	return false;
}

static bool has_identity(const char *path, Elf *elf, const char *expected, char found[64])
{
	char hex[ELF_BUILD_ID_HEX];
	uint64_t hash;

	if (strncmp(expected, "xxh3:", 5) == 0) {
		if (elf_hash_file(path, &hash, NULL) < 0)
			return false;
		snprintf(hex, sizeof(hex), "%016" PRIx64, hash);
		expected += 5;
	} else {
		hex_build_id(elf, hex);
	}
	snprintf(found, 64, "%.40s", hex[0] ? hex : "none");
	return strcasecmp(hex, expected) == 0;
}

/* CRC-32 as in gzip, which is what .gnu_debuglink holds. */
static uint32_t file_crc(int fd)
{
	unsigned char chunk[65536];
	uint32_t table[256], crc = ~0u;
	off_t at = 0;
	ssize_t n, i;
	unsigned k;

	for (i = 0; i < 256; i++) {
		table[i] = (uint32_t)i;
		for (k = 0; k < 8; k++)
			table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	while ((n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
		for (i = 0; i < n; i++)
			crc = (crc >> 8) ^ table[(crc ^ chunk[i]) & 255];
		at += n;
	}
	return ~crc;
}

/* Takes the debug file `path` when it belongs to the module: same build id, else same checksum. */
static bool try_debug_file(struct symfile *file, const char *path, const uint32_t *crc)
{
	char own[ELF_BUILD_ID_HEX], other[ELF_BUILD_ID_HEX];
	int fd;
	Elf *elf = open_elf(path, &fd);

	if (!elf)
		return false;
	hex_build_id(file->elf, own);
	hex_build_id(elf, other);
	if (has_debug_info(elf) &&
	    (own[0] && other[0] ? strcmp(own, other) == 0 : crc && file_crc(fd) == *crc)) {
		file->debug_fd = fd;
		file->debug_elf = elf;
		return true;
	}
	elf_end(elf);
	close(fd);
	return false;
}

static void find_debug_file(struct symfile *file, const char *path)
{
	char real[PATH_MAX], candidate[2 * PATH_MAX], id[ELF_BUILD_ID_HEX];
	const char *link;
	GElf_Word crc;
	char *slash;

	hex_build_id(file->elf, id);
	if (strlen(id) > 2) {
		snprintf(candidate, sizeof(candidate), DEBUG_ROOT "/.build-id/%.2s/%s.debug", id,
			 id + 2);
		if (try_debug_file(file, candidate, NULL))
			return;
	}
	link = dwelf_elf_gnu_debuglink(file->elf, &crc);
	if (!link || !*link || strchr(link, '/') || !realpath(path, real))
		return;
	slash = strrchr(real, '/');
	*slash = '\0';
	snprintf(candidate, sizeof(candidate), "%s/%s", real, link);
	if (try_debug_file(file, candidate, &crc))
		return;
	snprintf(candidate, sizeof(candidate), "%s/.debug/%s", real, link);
	if (try_debug_file(file, candidate, &crc))
		return;
	snprintf(candidate, sizeof(candidate), DEBUG_ROOT "%s/%s", real, link);
	try_debug_file(file, candidate, &crc);
}

static int compare_sections(const void *left, const void *right)
{
	const struct symfile_section *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static void read_sections(struct symfile *file)
{
	struct symfile_section *to;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	const char *name;
	size_t names;

	if (elf_getshdrstrndx(file->elf, &names) < 0)
		return;
	while ((section = elf_nextscn(file->elf, section))) {
		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC) ||
		    (header.sh_flags & SHF_TLS) || !header.sh_size)
			continue;
		file->sections = alloc_grow(file->sections, file->n_sections, sizeof(*to));
		to = &file->sections[file->n_sections++];
		name = elf_strptr(file->elf, names, header.sh_name);
		to->address = header.sh_addr;
		to->size = header.sh_size;
		to->name = name ? name : "";
		to->is_code = header.sh_flags & SHF_EXECINSTR;
	}
	if (file->n_sections)
		qsort(file->sections, file->n_sections, sizeof(*file->sections), compare_sections);
}

static void add_symbol(struct symfile *file, const GElf_Sym *symbol, const char *name)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);
	const struct symfile_section *section;
	struct symfile_symbol *to;

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS || !name || !*name)
		return;
	if (type != STT_FUNC && type != STT_OBJECT && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return;
	section = symfile_section(file, symbol->st_value);
	if (!section)
		return;
	file->symbols = alloc_grow(file->symbols, file->n_symbols, sizeof(*to));
	to = &file->symbols[file->n_symbols++];
	to->address = symbol->st_value;
	to->size = symbol->st_size;
	to->name = name;
	to->section = (uint32_t)(section - file->sections);
	to->binding = GELF_ST_BIND(symbol->st_info);
	to->is_code = section->is_code && type != STT_OBJECT;
}

static void read_symbols(struct symfile *file, Elf *elf, GElf_Word wanted)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;
	Elf_Data *data;
	size_t i, n;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != wanted)
			continue;
		data = elf_getdata(section, NULL);
		if (!data)
			continue;
		n = data->d_size / sizeof(Elf64_Sym);
		for (i = 1; i < n && gelf_getsym(data, (int)i, &symbol); i++)
			add_symbol(file, &symbol, elf_strptr(elf, header.sh_link, symbol.st_name));
		if (wanted == SHT_SYMTAB && n > 1)
			file->has_symtab = true;
	}
}

static int binding_rank(unsigned binding)
{
	return binding == STB_GLOBAL ? 2 : binding == STB_WEAK ? 1 : 0;
}

/*
 * By address; of names for the same address the best comes last: sized, few leading underscores
 * ("pthread_mutex_lock", not "___pthread_mutex_lock"), global, short.
 */
static int compare_symbols(const void *left, const void *right)
{
	const struct symfile_symbol *a = left, *b = right;
	size_t under_a, under_b, length_a, length_b;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (!a->size != !b->size)
		return a->size ? 1 : -1;
	under_a = strspn(a->name, "_");
	under_b = strspn(b->name, "_");
	if (under_a != under_b)
		return under_a < under_b ? 1 : -1;
	if (a->binding != b->binding)
		return binding_rank(a->binding) - binding_rank(b->binding);
	length_a = strlen(a->name);
	length_b = strlen(b->name);
	if (length_a != length_b)
		return length_a < length_b ? 1 : -1;
	return strcmp(b->name, a->name);
}

int symfile_open(struct symfile *file, const char *path, const char *expected, struct err *err)
{
	char found[64];

	memset(file, 0, sizeof(*file));
	file->debug_fd = -1;
	file->elf = open_elf(path, &file->fd);
	if (!file->elf)
		return errno == ENOEXEC
			       ? err_set(err, ENOEXEC, "not a 64-bit ELF file")
			       : err_set(err, errno, "cannot open the file: %s", strerror(errno));
	if (expected && *expected && !has_identity(path, file->elf, expected, found))
		return err_set(err, ESTALE,
			       "the file has changed since the recording (%.46s then, %s now)",
			       expected, found);
	if (has_debug_info(file->elf)) {
		file->dwarf_elf = file->elf;
	} else {
		find_debug_file(file, path);
		file->dwarf_elf = file->debug_elf;
	}
	read_sections(file);
	read_symbols(file, file->elf, SHT_SYMTAB);
	if (!file->has_symtab && file->debug_elf)
		read_symbols(file, file->debug_elf, SHT_SYMTAB);
	read_symbols(file, file->elf, SHT_DYNSYM);
	if (file->n_symbols)
		qsort(file->symbols, file->n_symbols, sizeof(*file->symbols), compare_symbols);
	return 0;
}

void symfile_close(struct symfile *file)
{
	elf_end(file->elf);
	elf_end(file->debug_elf);
	if (file->fd >= 0)
		close(file->fd);
	if (file->debug_fd >= 0)
		close(file->debug_fd);
	free(file->sections);
	free(file->symbols);
	memset(file, 0, sizeof(*file));
	file->fd = file->debug_fd = -1;
}

const struct symfile_section *symfile_section(const struct symfile *file, uint64_t address)
{
	size_t low = 0, high = file->n_sections, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (file->sections[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address - file->sections[low - 1].address >= file->sections[low - 1].size)
		return NULL;
	return &file->sections[low - 1];
}

static const struct symfile_symbol *find_symbol(const struct symfile *file, uint64_t address,
						bool is_code)
{
	const struct symfile_symbol *symbol, *unsized = NULL;
	size_t low = 0, high = file->n_symbols, middle, floor;
	bool passed = false;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (file->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	floor = low > SCAN_BACK ? low - SCAN_BACK : 0;
	while (low > floor) {
		symbol = &file->symbols[--low];
		if (symbol->is_code != is_code)
			continue;
		if (address - symbol->address < symbol->size)
			return symbol;
		/*
		 * Assembler functions have no size. One reaches up to the next symbol of any kind;
		 * but a sized one further down may still enclose both.
		 */
		if (!symbol->size && !passed && is_code &&
		    symfile_section(file, address) == &file->sections[symbol->section])
			unsized = symbol;
		passed = true;
	}
	return unsized;
}

const struct symfile_symbol *symfile_code(const struct symfile *file, uint64_t address)
{
	return find_symbol(file, address, true);
}

const struct symfile_symbol *symfile_data(const struct symfile *file, uint64_t address)
{
	return find_symbol(file, address, false);
}
