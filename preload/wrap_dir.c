/*
 * Directory listings: what frontrun itself leaves in a directory (traces, findings, the corpus of a
 * search) is not there for the program. A search writes them beside the program, and a listing is
 * input: CPython gives its lock back once for each entry, so with one entry more a replay would
 * take another course.
 */
#include <dirent.h>
#include <stdbool.h>
#include <string.h>

#include "preload/interpose.h"
#include "preload/log.h"

static bool is_ours(const char *name)
{
	static const char *const ours[] = { ".frontrun", "frontrun-failures", "trace.zst",
					    "trace.base.zst" };
	size_t i;

	for (i = 0; region && i < sizeof ours / sizeof *ours; i++)
		if (strcmp(name, ours[i]) == 0)
			return true;
	return false;
}

EXPORT struct dirent *readdir(DIR *directory)
{
	struct dirent *entry;

	do
		entry = REAL(readdir)(directory);
	while (entry && is_ours(entry->d_name));
	return entry;
}

EXPORT struct dirent64 *readdir64(DIR *directory)
{
	struct dirent64 *entry;

	do
		entry = REAL(readdir64)(directory);
	while (entry && is_ours(entry->d_name));
	return entry;
}
