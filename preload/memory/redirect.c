/*
 * See redirect.h. What is in the dynamic section: System V ABI (generic, chapter 5; x86-64, 4.4).
 */
#include "preload/memory/redirect.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/raw.h"

#define PAGE 4096ul

/* What its dynamic section says. */
struct image {
	uint64_t bias;
	const ElfW(Sym) * symbols;
	const char *names;
	const ElfW(Rela) * plt, *relocations;
	uint64_t plt_bytes, relocations_bytes;
	uint64_t relro, relro_end; /* read-only by now */
};

/* The loader has added the bias to most addresses, but not in all modules. */
static const void *at(const struct image *image, uint64_t address)
{
	return (const void *)(uintptr_t)(address < image->bias ? address + image->bias : address);
}

static void read_dynamic(struct image *image, const ElfW(Dyn) * dynamic)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		switch (dynamic->d_tag) {
		case DT_SYMTAB:
			image->symbols = at(image, dynamic->d_un.d_ptr);
			break;
		case DT_STRTAB:
			image->names = at(image, dynamic->d_un.d_ptr);
			break;
		case DT_JMPREL:
			image->plt = at(image, dynamic->d_un.d_ptr);
			break;
		case DT_PLTRELSZ:
			image->plt_bytes = dynamic->d_un.d_val;
			break;
		case DT_RELA:
			image->relocations = at(image, dynamic->d_un.d_ptr);
			break;
		case DT_RELASZ:
			image->relocations_bytes = dynamic->d_un.d_val;
			break;
		default:
			break;
		}
	}
}

static void write_slot(const struct image *image, uint64_t slot, void *to)
{
	bool read_only = slot >= image->relro && slot < image->relro_end;
	uint64_t page = slot & ~(PAGE - 1);

	if (read_only && raw(SYS_mprotect, page, PAGE, PROT_READ | PROT_WRITE))
		return;
	*(void **)(uintptr_t)slot = to;
	if (read_only)
		raw(SYS_mprotect, page, PAGE, PROT_READ);
}

static void lead(const struct image *image, const ElfW(Rela) * relocation, uint64_t bytes,
		 const struct redirect *rows)
{
	const ElfW(Rela) *end = relocation + bytes / sizeof *relocation;
	const struct redirect *row;

	for (; relocation < end; relocation++) {
		const ElfW(Sym) *symbol = &image->symbols[ELF64_R_SYM(relocation->r_info)];
		uint64_t type = ELF64_R_TYPE(relocation->r_info);

		/* One that the module defines itself is no function of libc. */
		if ((type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) ||
		    symbol->st_shndx != SHN_UNDEF)
			continue;
		for (row = rows; row->name; row++)
			if (!strcmp(row->name, image->names + symbol->st_name))
				write_slot(image, image->bias + relocation->r_offset, row->to);
	}
}

struct search {
	uint64_t pc;
	const struct redirect *rows;
};

static bool has(const struct dl_phdr_info *info, uint64_t pc)
{
	int i;

	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    pc - (info->dlpi_addr + info->dlpi_phdr[i].p_vaddr) <
			    info->dlpi_phdr[i].p_memsz)
			return true;
	return false;
}

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
	/* Each of its object files has a constructor: they come one behind the other. */
	static uint64_t last_bias;
	static unsigned long long last_gone;
	static bool any;
	struct search *search = data;
	struct image image = { .bias = info->dlpi_addr };
	const ElfW(Dyn) *dynamic = NULL;
	int i;

	(void)size;
	if (!has(info, search->pc))
		return 0;
	if (any && last_bias == info->dlpi_addr && last_gone == info->dlpi_subs)
		return 1;
	any = true;
	last_bias = info->dlpi_addr;
	last_gone = info->dlpi_subs;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + part->p_vaddr;

		if (part->p_type == PT_DYNAMIC)
			dynamic = (const ElfW(Dyn) *)(uintptr_t)start;
		if (part->p_type == PT_GNU_RELRO) {
			image.relro = start & ~(PAGE - 1);
			image.relro_end = (start + part->p_memsz) & ~(PAGE - 1);
		}
	}
	if (dynamic)
		read_dynamic(&image, dynamic);
	if (image.symbols && image.names && image.plt)
		lead(&image, image.plt, image.plt_bytes, search->rows);
	if (image.symbols && image.names && image.relocations)
		lead(&image, image.relocations, image.relocations_bytes, search->rows);
	return 1;
}

void redirect_module(uint64_t pc, const struct redirect *rows)
{
	struct search search = { .pc = pc, .rows = rows };

	dl_iterate_phdr(look, &search);
}
