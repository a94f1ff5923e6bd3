/*
 * Finding the real functions. Versioned rows are needed where libc has several symbols of one name
 * (pthread_cond_* 2.2.5 and 2.3.2): dlsym alone would give the oldest for some of them.
 */
#include "preload/real.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "preload/raw.h"

struct real_functions real;

static const struct {
	const char *name, *version;
	size_t offset;
} rows[] = {
#define INTERPOSE(type, name, parameters, version, family) \
	{ #name, version, offsetof(struct real_functions, name) },
#include "preload/interpose.def"
#undef INTERPOSE
};

static void *find(size_t row)
{
	void *symbol = NULL;

	if (rows[row].version[0])
		symbol = dlvsym(RTLD_NEXT, rows[row].name, rows[row].version);
	return symbol ? symbol : dlsym(RTLD_NEXT, rows[row].name);
}

static void store(size_t row, void *symbol)
{
	memcpy((char *)&real + rows[row].offset, &symbol, sizeof symbol);
}

const char *real_init(void)
{
	const char *missing = NULL;
	size_t i;

	for (i = 0; i < REAL_COUNT; i++) {
		void *symbol = find(i);

		/*
		 * Functions of libstdc++ are absent in programs that do not use it, new ones in old
		 * libcs.
		 */
		if (!symbol && !missing && strncmp(rows[i].name, "__cxa_", 6) != 0 &&
		    strncmp(rows[i].name, "arc4random", 10) != 0 &&
		    strncmp(rows[i].name, "__sanitizer", 11) != 0)
			missing = rows[i].name;
		store(i, symbol);
	}
	return missing;
}

void real_resolve(enum real_index index)
{
	static const char text[] = "frontrun: a function of libc was not found: ";
	void *symbol = find(index);

	if (!symbol) {
		raw(SYS_write, 2, text, sizeof text - 1);
		raw(SYS_write, 2, rows[index].name, strlen(rows[index].name));
		raw(SYS_write, 2, "\n", 1);
		raw(SYS_exit_group, 125);
	}
	store(index, symbol);
}
