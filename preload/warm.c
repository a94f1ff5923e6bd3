/*
 * See warm.h. vma_needs_copy() in the kernel's mm/memory.c says what a fork copies; a page of its
 * own is made by a write through proc_pid_mem(5), which may go to read-only private mappings.
 */
#include "preload/warm.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/populate.h"
#include "preload/raw.h"

#define MOST (8ul << 20) /* bytes of a mapping: its pages are copied by each fork */

#define HUGE (2ul << 20)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

struct mapping {
	uintptr_t start, end;
	bool code; /* of a file */
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
	mapping.code = strncmp(line, " r-xp ", 6) == 0 && strchr(line, '/');
	mapping.data = strncmp(line, " rw-p ", 6) == 0 && !strchr(line, '/') &&
		       !strstr(line, "[stack");
	return mapping;
}

/* Is most of it there? A page that is not would be made. */
static bool is_dense(uintptr_t at)
{
	static uint8_t there[HUGE / POPULATE_PAGE];
	uint32_t count = 0, i;

	if (raw(SYS_mincore, at, HUGE, there) != 0)
		return false;
	for (i = 0; i < sizeof there; i++)
		count += there[i] & 1;
	return count > sizeof there * 3 / 4;
}

static void collapse(const struct mapping *mapping)
{
	uintptr_t at = (mapping->start + HUGE - 1) & ~(HUGE - 1);

	for (; at + HUGE <= mapping->end; at += HUGE)
		if (is_dense(at))
			raw(SYS_madvise, at, HUGE, MADV_COLLAPSE);
}

static void warm(long memory, const struct mapping *mapping)
{
	uint8_t byte;

	if (mapping->data)
		collapse(mapping);
	if (!mapping->code || mapping->end - mapping->start > MOST)
		return;
	if (raw(SYS_pread64, memory, &byte, 1, mapping->start) == 1 &&
	    raw(SYS_pwrite64, memory, &byte, 1, mapping->start) == 1)
		raw(SYS_madvise, mapping->start, mapping->end - mapping->start, MADV_POPULATE_READ);
}

void warm_memory(void)
{
	static char buffer[8192];
	long maps = raw(SYS_open, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0), n;
	long memory = raw(SYS_open, "/proc/self/mem", O_RDWR | O_CLOEXEC, 0);
	uint32_t used = 0;

	while (maps >= 0 && memory >= 0 && used < sizeof buffer - 1 &&
	       (n = raw(SYS_read, maps, buffer + used, sizeof buffer - 1 - used)) > 0) {
		char *line = buffer, *end;

		used += (uint32_t)n;
		buffer[used] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			struct mapping mapping;

			*end = '\0';
			mapping = parse(line);
			warm(memory, &mapping);
		}
		used -= (uint32_t)(line - buffer);
		memmove(buffer, line, used);
	}
	if (maps >= 0)
		raw(SYS_close, maps);
	if (memory >= 0)
		raw(SYS_close, memory);
}
