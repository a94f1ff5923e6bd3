/*
 * Looks for the newest failing trace around the working directory.
 */
#include "replayer/choice.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/trace_reader.h"
#include "recorder/alloc.h"
#include "recorder/story.h"

#define OWN "trace.zst"
#define DIRECTORY "frontrun-failures"

struct candidate {
	char *path;
	struct timespec changed;
};

static int newest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->changed.tv_sec != y->changed.tv_sec)
		return x->changed.tv_sec < y->changed.tv_sec ? 1 : -1;
	if (x->changed.tv_nsec != y->changed.tv_nsec)
		return x->changed.tv_nsec < y->changed.tv_nsec ? 1 : -1;
	return strcmp(x->path, y->path);
}

static bool is_failing(const char *path)
{
	struct trace_reader *reader = trace_reader_open(path, NULL);
	bool failing;

	if (!reader)
		return false;
	failing = story_is_failure(trace_reader_outcome(reader, NULL));
	trace_reader_close(reader);
	return failing;
}

static void add(struct candidate **all, size_t *count, char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
		free(path);
		return;
	}
	*all = alloc_grow(*all, *count, sizeof(**all));
	(*all)[(*count)++] = (struct candidate){ .path = path, .changed = st.st_mtim };
}

static char *join(const char *directory, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		path = NULL;
	return alloc_check(path);
}

char *choice_find(struct err *err)
{
	struct candidate *all = NULL;
	char *found = NULL;
	struct dirent *entry;
	size_t i, count = 0;
	bool own;
	DIR *dir;

	add(&all, &count, alloc_check(strdup(OWN)));
	own = count > 0;
	dir = opendir(DIRECTORY);
	while (dir && (entry = readdir(dir)) != NULL)
		if (fnmatch("*.zst", entry->d_name, FNM_PERIOD) == 0)
			add(&all, &count, join(DIRECTORY, entry->d_name));
	if (dir)
		closedir(dir);
	if (count)
		qsort(all, count, sizeof(*all), newest_first);
	for (i = 0; i < count && i < CHOICE_FILES && !found; i++)
		if (is_failing(all[i].path))
			found = strdup(all[i].path);
	if (!found && own)
		found = alloc_check(strdup(OWN));
	for (i = 0; i < count; i++)
		free(all[i].path);
	free(all);
	if (!found)
		err_set(err, ENOENT,
			"there is no " OWN " here and no failing trace in " DIRECTORY
			": name a trace, or make one with `frontrun record PROGRAM`");
	return found;
}
