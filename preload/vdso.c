/*
 * Each function of the vDSO gets a jump to ours as its first instructions. The page is private to
 * the process; a fork has it, an exec makes a new one.
 */
#include "preload/vdso.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include "preload/clock.h"
#include "preload/raw.h"
#include "preload/sched.h"
#include "preload/thread_state.h"

#define PAGE 4096ul

/* movabs $address, %rax; jmp *%rax */
struct jump {
	uint8_t load[2];
	uint64_t address;
	uint8_t go[2];
} __attribute__((packed));

static bool shows_virtual(clockid_t clock)
{
	return thread_state.lane && schedule.current == thread_state.lane && clock_base(clock);
}

static long our_clock_gettime(clockid_t clock, struct timespec *result)
{
	if (!shows_virtual(clock))
		return raw(SYS_clock_gettime, clock, result);
	clock_read(clock, result);
	return 0;
}

static long our_gettimeofday(struct timeval *result, struct timezone *zone)
{
	struct timespec now;

	if (!shows_virtual(CLOCK_REALTIME))
		return raw(SYS_gettimeofday, result, zone);
	clock_read(CLOCK_REALTIME, &now);
	if (result)
		*result = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
	if (zone)
		*zone = (struct timezone){ 0 };
	return 0;
}

static time_t our_time(time_t *result)
{
	struct timespec now;

	if (!shows_virtual(CLOCK_REALTIME))
		return raw(SYS_time, result);
	clock_read(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	return now.tv_sec;
}

/* All are on one CPU, and it is called the first (wrap_process.c). */
static long our_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	if (!thread_state.lane)
		return raw(SYS_getcpu, cpu, node, unused);
	if (cpu)
		*cpu = 0;
	if (node)
		*node = 0;
	return 0;
}

static const struct {
	const char *name;
	void *ours;
} replaced[] = {
	{ "__vdso_clock_gettime", (void *)our_clock_gettime },
	{ "__vdso_gettimeofday", (void *)our_gettimeofday },
	{ "__vdso_time", (void *)our_time },
	{ "__vdso_getcpu", (void *)our_getcpu },
};

static void put_jump(uint8_t *at, void *to)
{
	const struct jump jump = {
		.load = { 0x48, 0xb8 },
		.address = (uint64_t)to,
		.go = { 0xff, 0xe0 },
	};

	memcpy(at, &jump, sizeof jump);
}

/* The dynamic symbols of the image at `base`. */
static const Elf64_Sym *find_symbols(uint64_t base, const char **names, uint32_t *count)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(base + header->e_phoff);
	const Elf64_Sym *symbols = NULL;
	const Elf64_Dyn *entry = NULL;
	uint64_t bias = base;
	int i;

	for (i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type == PT_LOAD && segment[i].p_offset == 0)
			bias = base - segment[i].p_vaddr;
		if (segment[i].p_type == PT_DYNAMIC)
			entry = (const Elf64_Dyn *)(base + segment[i].p_offset);
	}
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_SYMTAB)
			symbols = (const Elf64_Sym *)(bias + entry->d_un.d_ptr);
		else if (entry->d_tag == DT_STRTAB)
			*names = (const char *)(bias + entry->d_un.d_ptr);
		else if (entry->d_tag == DT_HASH)
			*count = ((const uint32_t *)(bias + entry->d_un.d_ptr))[1];
	}
	return *names ? symbols : NULL;
}

static uint64_t length_of(uint64_t base)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(base + header->e_phoff);
	uint64_t end = PAGE;
	int i;

	for (i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_LOAD && segment[i].p_offset + segment[i].p_memsz > end)
			end = segment[i].p_offset + segment[i].p_memsz;
	return (end + PAGE - 1) & ~(PAGE - 1);
}

static bool is_function(const Elf64_Sym *symbol)
{
	return symbol->st_shndx != SHN_UNDEF && symbol->st_size >= sizeof(struct jump);
}

void vdso_replace(void)
{
	uint64_t base = getauxval(AT_SYSINFO_EHDR);
	const char *names = NULL;
	const Elf64_Sym *symbols;
	uint32_t count = 0, i;
	size_t k;

	if (!base)
		return;
	symbols = find_symbols(base, &names, &count);
	if (!symbols ||
	    raw(SYS_mprotect, base, length_of(base), PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
		return;
	for (i = 0; i < count; i++)
		for (k = 0; k < sizeof replaced / sizeof *replaced; k++)
			if (is_function(&symbols[i]) &&
			    strcmp(names + symbols[i].st_name, replaced[k].name) == 0)
				put_jump((uint8_t *)base + symbols[i].st_value, replaced[k].ours);
	raw(SYS_mprotect, base, length_of(base), PROT_READ | PROT_EXEC);
}
