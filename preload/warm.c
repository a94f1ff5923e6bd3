/*
 * See warm.h. vma_needs_copy() in the kernel's mm/memory.c says what a fork copies; a page of its
 * own is made by a write through proc_pid_mem(5), which may go to read-only private mappings.
 */
#include "preload/warm.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/gate.h"
#include "preload/populate.h"
#include "preload/raw.h"

/* Bytes of a mapping of a file: its pages are copied by each fork. */
#define MOST (8ul << 20)
#define LIBRARY_MOST (512ul << 10)
#define HUGE (2ul << 20)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

struct mapping {
	uintptr_t start, end;
	bool file; /* code or constants */
	bool data; /* anonymous, writable */
};

static uintptr_t hex(const char **at)
{
	uintptr_t value = 0;

	for (;; (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uintptr_t)(c - 'a' + 10);
		else
			return value;
	}
}

/* "7f0000000000-7f0000001000 r-xp 00000000 fe:00 1234 /usr/lib/libc.so.6" */
static struct mapping parse(const char *line)
{
	struct mapping mapping;

	mapping.start = hex(&line);
	line += *line == '-';
	mapping.end = hex(&line);
	mapping.file = (strncmp(line, " r-xp ", 6) == 0 || strncmp(line, " r--p ", 6) == 0) &&
		       strchr(line, '/');
	mapping.data = strncmp(line, " rw-p ", 6) == 0 && !strchr(line, '/') &&
		       !strstr(line, "[stack");
	return mapping;
}

/* Descriptors of files below /proc/self. */
struct self {
	long maps, memory, pages;
};

/* How many of the pages the process has, at most MOST of them; proc_pid_pagemap(5). */
static uint64_t present(const struct self *self, uintptr_t start, uintptr_t end)
{
	static uint64_t entries[MOST / POPULATE_PAGE];
	uint64_t count = 0, i, pages = (end - start) / POPULATE_PAGE;
	long got = raw(SYS_pread64, self->pages, entries, pages * sizeof *entries,
		       start / POPULATE_PAGE * sizeof *entries);

	for (i = 0; got > 0 && i < (uint64_t)got / sizeof *entries; i++)
		count += entries[i] >> 63;
	return count;
}

/* A page that is not there would be made. */
static void collapse(const struct self *self, const struct mapping *mapping)
{
	uintptr_t at = (mapping->start + HUGE - 1) & ~(HUGE - 1);

	for (; at + HUGE <= mapping->end; at += HUGE)
		if (present(self, at, at + HUGE) > HUGE / POPULATE_PAGE * 3 / 4)
			raw(SYS_madvise, at, HUGE, MADV_COLLAPSE);
}

static bool has(const struct mapping *mapping, uintptr_t address)
{
	return address >= mapping->start && address < mapping->end;
}

/* The program, its interpreter and libc run in each run; of a library nobody knows. */
static uintptr_t most_of(const struct mapping *mapping)
{
	return has(mapping, getauxval(AT_ENTRY)) || has(mapping, (uintptr_t)_Fork) ||
			       (gate_code && mapping->start - gate_code < gate_code_size)
		       ? MOST
		       : LIBRARY_MOST;
}

/* Of what is little used the fork has little to copy. */
static void have_copied(const struct self *self, const struct mapping *mapping)
{
	uintptr_t size = mapping->end - mapping->start;
	uint64_t there = size > most_of(mapping) ? 0 : present(self, mapping->start, mapping->end);
	uint8_t byte;

	if (there && raw(SYS_pread64, self->memory, &byte, 1, mapping->start) == 1 &&
	    raw(SYS_pwrite64, self->memory, &byte, 1, mapping->start) == 1 &&
	    there > size / POPULATE_PAGE / 3)
		raw(SYS_madvise, mapping->start, size, MADV_POPULATE_READ);
}

static void warm(const struct self *self, const struct mapping *mapping)
{
	if (mapping->data)
		collapse(self, mapping);
	else if (mapping->file)
		have_copied(self, mapping);
}

static long open_self(const char *path, int flags)
{
	return raw(SYS_open, path, flags | O_CLOEXEC, 0);
}

static void close_one(long fd)
{
	if (fd >= 0)
		raw(SYS_close, fd);
}

void warm_memory(void)
{
	static char buffer[8192];
	struct self self = {
		.maps = open_self("/proc/self/maps", O_RDONLY),
		.memory = open_self("/proc/self/mem", O_RDWR),
		.pages = open_self("/proc/self/pagemap", O_RDONLY),
	};
	uint32_t used = 0;
	long n;

	while (used < sizeof buffer - 1 &&
	       (n = raw(SYS_read, self.maps, buffer + used, sizeof buffer - 1 - used)) > 0) {
		char *line = buffer, *end;

		used += (uint32_t)n;
		buffer[used] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			struct mapping mapping;

			*end = '\0';
			mapping = parse(line);
			warm(&self, &mapping);
		}
		used -= (uint32_t)(line - buffer);
		memmove(buffer, line, used);
	}
	close_one(self.maps);
	close_one(self.memory);
	close_one(self.pages);
}
