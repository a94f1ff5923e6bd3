/* Names of system calls: both directions of libseccomp's table, asked once. */
#include "formats/syscall_names.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <seccomp.h>

enum { CALLS = 1024, SLOTS = 4096 };

static struct {
	char *name[CALLS];
	size_t len[CALLS];
	uint16_t slot[SLOTS]; /* number + 1 by hash of the name, open addressing */
} table;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static unsigned hash(const char *name, size_t len)
{
	unsigned h = 2166136261u; /* FNV-1a */

	while (len--)
		h = (h ^ (unsigned char)*name++) * 16777619u;
	return h % SLOTS;
}

static void fill(void)
{
	unsigned number, at;

	for (number = 0; number < CALLS; number++) {
		table.name[number] =
			seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)number);
		if (!table.name[number])
			continue;
		table.len[number] = strlen(table.name[number]);
		at = hash(table.name[number], table.len[number]);
		while (table.slot[at])
			at = (at + 1) % SLOTS;
		table.slot[at] = (uint16_t)(number + 1);
	}
}

const char *syscall_name(unsigned number)
{
	pthread_once(&once, fill);
	return number < CALLS ? table.name[number] : NULL;
}

int syscall_number(const char *name, size_t len)
{
	unsigned at, number;

	pthread_once(&once, fill);
	for (at = hash(name, len); table.slot[at]; at = (at + 1) % SLOTS) {
		number = table.slot[at] - 1u;
		if (table.len[number] == len && !memcmp(table.name[number], name, len))
			return (int)number;
	}
	return -1;
}
