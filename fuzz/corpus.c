/*
 * See corpus.h.
 */
#include "fuzz/corpus.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>

#include "formats/hash.h"
#include "formats/record.h"
#include "fuzz/set64.h"
#include "recorder/alloc.h"

#define DECISIONS_MAX 20000u    /* longer schedules are not kept */
#define LINE_MAX_BYTES 4000000u /* nor read */
#define EXACT 9007199254740992.0
#define ENTRIES_MAX 1000u /* the best of them are used */

struct entry {
	bool failure;
	size_t line; /* of the file: a later one is newer */
	struct plan_decision *decisions;
	uint32_t count;
};

struct corpus {
	FILE *file; /* open for appending, NULL: nothing is kept */
	struct entry *entries;
	size_t count;
	struct set64 hashes;
	struct shared_sites sites;
};

static char *words(char *const *argv)
{
	cJSON *array = alloc_check(cJSON_CreateArray());
	char *text;

	for (; *argv; argv++)
		cJSON_AddItemToArray(array, cJSON_CreateString(*argv));
	text = alloc_check(cJSON_PrintUnformatted(array));
	cJSON_Delete(array);
	return text;
}

/* "DIRECTORY/bank-01234567.jsonl" */
static char *file_name(const char *directory, char *const *argv, const char *command)
{
	const char *slash = strrchr(argv[0], '/'), *base = slash ? slash + 1 : argv[0];
	char *path;

	alloc_check(asprintf(&path, "%s/%.60s-%08x.jsonl", directory, base,
			     (unsigned)hash_bytes(command, strlen(command))) < 0
			    ? NULL
			    : path);
	return path;
}

/* Beyond EXACT doubles are no whole numbers; nothing of a run is so large. */
static int64_t number(const cJSON *item)
{
	return cJSON_IsNumber(item) && fabs(item->valuedouble) < EXACT ? (int64_t)item->valuedouble
								       : -1;
}

static void read_sites(struct corpus *corpus, const cJSON *array)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, array) {
		uint64_t hash = cJSON_IsString(item) ? strtoull(item->valuestring, NULL, 16) : 0;

		shared_sites_add(&corpus->sites, &hash, 1);
	}
}

static void read_entry(struct corpus *corpus, const cJSON *line, size_t at)
{
	const cJSON *failure = cJSON_GetObjectItemCaseSensitive(line, "failure");
	const cJSON *name = failure ? failure : cJSON_GetObjectItemCaseSensitive(line, "schedule");
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(line, "decisions"), *item;
	int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
	struct entry *entry;

	read_sites(corpus, cJSON_GetObjectItemCaseSensitive(line, "shared_sites"));
	if (!cJSON_IsString(name) || n < 0 || (unsigned)n > DECISIONS_MAX ||
	    !set64_add(&corpus->hashes, strtoull(name->valuestring, NULL, 16)))
		return;
	corpus->entries = alloc_grow(corpus->entries, corpus->count, sizeof(*corpus->entries));
	entry = &corpus->entries[corpus->count++];
	entry->failure = failure != NULL;
	entry->line = at;
	entry->count = 0;
	entry->decisions = alloc_check(calloc((size_t)n + 1, sizeof(*entry->decisions)));
	cJSON_ArrayForEach (item, list) {
		int64_t kind = number(cJSON_GetArrayItem(item, 0));
		int64_t lane = number(cJSON_GetArrayItem(item, 1));
		int64_t k = number(cJSON_GetArrayItem(item, 2));

		if (kind >= 0 && kind < DECISION_COUNT && lane > 0 && lane <= UINT32_MAX && k >= 0)
			entry->decisions[entry->count++] = (struct plan_decision){
				.kind = (uint32_t)kind,
				.lane = (uint32_t)lane,
				.k = (uint64_t)k,
				.choice = number(cJSON_GetArrayItem(item, 3)),
			};
	}
}

/* Failures first, then the newest. */
static int by_age(const void *a_, const void *b_)
{
	const struct entry *a = a_, *b = b_;

	if (a->failure != b->failure)
		return b->failure - a->failure;
	return a->line > b->line ? -1 : a->line < b->line;
}

/* The best of them, at most `max`. */
static void choose(struct corpus *corpus, size_t max)
{
	if (corpus->count)
		qsort(corpus->entries, corpus->count, sizeof(*corpus->entries), by_age);
	while (corpus->count > max)
		free(corpus->entries[--corpus->count].decisions);
}

/* False: it is the file of another command. `*cut`: its last line has no end. */
static bool read_file(struct corpus *corpus, FILE *file, const char *command, bool *cut)
{
	char *line = NULL, *argv;
	size_t size = 0, at = 0;
	bool ours = true;
	ssize_t n;

	while (ours && (n = getline(&line, &size, file)) > 0) {
		cJSON *json = (size_t)n < LINE_MAX_BYTES ? cJSON_Parse(line) : NULL;

		*cut = line[n - 1] != '\n';
		if (at == 0 && json) {
			argv = cJSON_PrintUnformatted(
				cJSON_GetObjectItemCaseSensitive(json, "argv"));
			ours = argv && !strcmp(argv, command);
			free(argv);
		} else if (json) {
			read_entry(corpus, json, at);
		}
		at++;
		cJSON_Delete(json);
		if (corpus->count >= 2 * ENTRIES_MAX)
			choose(corpus, ENTRIES_MAX);
	}
	free(line);
	choose(corpus, ENTRIES_MAX);
	return ours;
}

struct corpus *corpus_open(const char *directory, char *const *argv, struct err *err)
{
	struct corpus *corpus = alloc_check(calloc(1, sizeof(*corpus)));
	char *command, *path;
	bool ours = true, fresh, cut = false;
	FILE *file;

	if (!directory)
		return corpus;
	if (mkdir(directory, 0777) && errno != EEXIST) {
		err_set(err, errno, "cannot make the corpus directory %s: %s (--corpus DIR)",
			directory, strerror(errno));
		free(corpus);
		return NULL;
	}
	command = words(argv);
	path = file_name(directory, argv, command);
	file = fopen(path, "re");
	fresh = !file;
	if (file) {
		ours = read_file(corpus, file, command, &cut);
		fclose(file);
	}
	if (!ours)
		err_set(err, EINVAL, "%s holds schedules of another program (--corpus DIR)", path);
	else if (!(corpus->file = fopen(path, "ae")))
		err_set(err, errno, "cannot write %s: %s (--corpus DIR)", path, strerror(errno));
	else if (fresh)
		fprintf(corpus->file, "{\"corpus\":1,\"argv\":%s}\n", command);
	else if (cut)
		fputc('\n', corpus->file);
	free(command);
	free(path);
	if (ours && corpus->file)
		return corpus;
	corpus_close(corpus);
	return NULL;
}

void corpus_close(struct corpus *corpus)
{
	size_t i;

	if (!corpus)
		return;
	if (corpus->file)
		fclose(corpus->file);
	for (i = 0; i < corpus->count; i++)
		free(corpus->entries[i].decisions);
	free(corpus->entries);
	set64_fini(&corpus->hashes);
	shared_sites_fini(&corpus->sites);
	free(corpus);
}

size_t corpus_count(const struct corpus *corpus)
{
	return corpus->count;
}

const struct plan_decision *corpus_get(const struct corpus *corpus, size_t i, uint32_t *count)
{
	*count = corpus->entries[i].count;
	return corpus->entries[i].decisions;
}

const struct shared_sites *corpus_sites(const struct corpus *corpus)
{
	return &corpus->sites;
}

void corpus_add_sites(struct corpus *corpus, const struct shared_sites *sites)
{
	uint32_t i;

	if (!corpus->file || !shared_sites_add(&corpus->sites, sites->hashes, sites->count))
		return;
	fputs("{\"shared_sites\":[", corpus->file);
	for (i = 0; i < sites->count; i++)
		fprintf(corpus->file, "%s\"%016llx\"", i ? "," : "",
			(unsigned long long)sites->hashes[i]);
	fputs("]}\n", corpus->file);
	fflush(corpus->file);
}

void corpus_add(struct corpus *corpus, bool failure, uint64_t hash,
		const struct plan_decision *decisions, uint32_t count)
{
	uint32_t i;

	if (!corpus->file || count > DECISIONS_MAX || !set64_add(&corpus->hashes, hash))
		return;
	fprintf(corpus->file, "{\"%s\":\"%016llx\",\"decisions\":[",
		failure ? "failure" : "schedule", (unsigned long long)hash);
	for (i = 0; i < count; i++)
		fprintf(corpus->file, "%s[%u,%u,%llu,%lld]", i ? "," : "", decisions[i].kind,
			decisions[i].lane, (unsigned long long)decisions[i].k,
			(long long)decisions[i].choice);
	fputs("]}\n", corpus->file);
	fflush(corpus->file);
}
