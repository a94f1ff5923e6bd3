/*
 * Takes out of the header of a trace what a replay needs, see header.h. The header is a stranger's:
 * everything is checked.
 */
#include "recorder/header.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/json_out.h"
#include "recorder/alloc.h"
#include "recorder/fields.h"
#include "recorder/header_names.h"
#include "recorder/streams.h"

extern char **environ;

int header_strategy_by_name(const char *name)
{
	unsigned i;

	for (i = 0; i < STRATEGY_COUNT; i++)
		if (!strcmp(header_strategies[i], name))
			return (int)i;
	return -1;
}

/* An unsigned number that may be beyond what a signed one holds: then it is a decimal string. */
static uint64_t read_uint(const cJSON *item)
{
	if (cJSON_IsString(item))
		return strtoull(item->valuestring, NULL, 10);
	return cJSON_IsNumber(item) && item->valuedouble >= 0 ? (uint64_t)item->valuedouble : 0;
}

static uint64_t member_uint(const cJSON *object, const char *name)
{
	return read_uint(cJSON_GetObjectItemCaseSensitive(object, name));
}

int header_plan(const cJSON *header, struct plan_run *run, struct plan_strategy *strategy,
		struct err *err)
{
	const cJSON *plan = fields_object(header, "plan"), *item;
	const cJSON *how = fields_object(header, "strategy");
	int id = header_strategy_by_name(fields_string(how, "name", ""));
	unsigned i;

	memset(run, 0, sizeof(*run));
	memset(strategy, 0, sizeof(*strategy));
	if (!plan || !how)
		return err_set(err, EINVAL,
			       "the trace does not say under which plan it was recorded");
	if (id < 0)
		return err_set(err, EINVAL, "the trace was recorded with the unknown strategy '%s'",
			       fields_string(how, "name", ""));
	cJSON_ArrayForEach (item, fields_array(plan, "flags"))
		for (i = 0; i < HEADER_FLAGS; i++)
			if (cJSON_IsString(item) && header_flag_names[i] &&
			    !strcmp(item->valuestring, header_flag_names[i]))
				run->flags |= 1u << i;
	run->cpus = fields_number(plan, "cpus", 1);
	run->random_seed = member_uint(plan, "random_seed");
	run->realtime_ns = fields_int(plan, "realtime_ns", 0);
	run->monotonic_ns = fields_int(plan, "monotonic_ns", 0);
	run->idle_wait_ns = fields_int(plan, "idle_wait_ns", 0);
	run->step_budget = member_uint(plan, "step_budget");
	run->pid = fields_number(plan, "pid", 0);
	run->ppid = fields_number(plan, "ppid", 0);
	i = 0;
	cJSON_ArrayForEach (item, fields_array(header, "streams"))
		if (i < PLAN_STREAMS)
			run->streams[i++] = (uint8_t)streams_by_word(
				cJSON_IsString(item) ? item->valuestring : "");

	strategy->id = (uint32_t)id;
	strategy->seed = member_uint(how, "seed");
	strategy->slice = fields_number(how, "slice", 0);
	i = 0;
	cJSON_ArrayForEach (item, fields_array(how, "parameters"))
		if (i < sizeof(strategy->parameters) / sizeof(*strategy->parameters))
			strategy->parameters[i++] = read_uint(item);
	return 0;
}

char *header_patterns(const cJSON *header, uint32_t *length)
{
	const cJSON *item;
	char *patterns = NULL;
	size_t used = 0;

	cJSON_ArrayForEach (item, fields_array(header, "code_patterns")) {
		size_t size = cJSON_IsString(item) ? strlen(item->valuestring) + 1 : 0;

		if (size < 3 || size > HEADER_PATTERN_MAX || used + size > HEADER_PATTERNS_MAX)
			continue;
		patterns = alloc_check(realloc(patterns, used + size));
		memcpy(patterns + used, item->valuestring, size);
		used += size;
	}
	*length = (uint32_t)used;
	return patterns;
}

void header_shared_sites(const cJSON *header, struct shared_sites *sites)
{
	const cJSON *array = fields_array(header, "shared_sites"), *item;
	uint64_t *found = alloc_check(calloc(REGION_SITES, sizeof(*found)));
	uint32_t count = 0;

	cJSON_ArrayForEach (item, array)
		if (cJSON_IsString(item) && count < REGION_SITES)
			found[count++] = strtoull(item->valuestring, NULL, 16);
	shared_sites_add(sites, found, count);
	free(found);
}

/* malloc'ed; NULL when it is no string, or holds a NUL byte, as no argument does. */
static char *read_text(const cJSON *item)
{
	size_t size;
	char *text = fields_item_bytes(item, &size);

	if (text && memchr(text, '\0', size)) {
		free(text);
		text = NULL;
	}
	return text;
}

char **header_argv(const cJSON *header, struct err *err)
{
	const cJSON *array = fields_array(header, "argv"), *item;
	int n = array ? cJSON_GetArraySize(array) : 0, i = 0;
	char **argv;

	if (!n) {
		err_set(err, EINVAL, "the trace does not say which program was recorded");
		return NULL;
	}
	argv = alloc_check(calloc((size_t)n + 1, sizeof(*argv)));
	cJSON_ArrayForEach (item, array) {
		argv[i] = read_text(item);
		if (!argv[i++]) {
			header_free_words(argv);
			err_set(err, EINVAL,
				"an argument of the program in the trace is no string");
			return NULL;
		}
	}
	return argv;
}

static bool is_name(const char *name)
{
	return *name && !strchr(name, '=');
}

static char *variable(const char *name, const char *value)
{
	char *entry;

	alloc_check(asprintf(&entry, "%s=%s", name, value) < 0 ? NULL : entry);
	return entry;
}

char **header_environment(const cJSON *header)
{
	const cJSON *stored = fields_object(header, "environment"), *item;
	size_t n = 0, i, count = stored ? (size_t)cJSON_GetArraySize(stored) : 0;
	char **envp;

	for (i = 0; environ[i]; i++)
		;
	envp = alloc_check(calloc(i + count + 1, sizeof(*envp)));
	for (i = 0; environ[i]; i++) {
		char *name = alloc_check(strndup(environ[i], strcspn(environ[i], "=")));

		if (!header_allows(environ[i]) && !cJSON_GetObjectItemCaseSensitive(stored, name))
			envp[n++] = alloc_check(strdup(environ[i]));
		free(name);
	}
	cJSON_ArrayForEach (item, stored) {
		char *value = is_name(item->string) ? read_text(item) : NULL;

		if (value)
			envp[n++] = variable(item->string, value);
		free(value);
	}
	return envp;
}

char **header_environment_recorded(const cJSON *header)
{
	const cJSON *stored = fields_object(header, "environment"), *item;
	const cJSON *names = fields_array(header, "environment_names");
	size_t n = 0, count = stored ? (size_t)cJSON_GetArraySize(stored) : 0;
	bool ours = header_is_ours(header);
	char **envp;

	count += names ? (size_t)cJSON_GetArraySize(names) : 0;
	envp = alloc_check(calloc(count + 1, sizeof(*envp)));
	cJSON_ArrayForEach (item, stored) {
		char *value = is_name(item->string) ? read_text(item) : NULL;

		if (value)
			envp[n++] = variable(item->string, value);
		free(value);
	}
	cJSON_ArrayForEach (item, names) {
		const char *name = cJSON_IsString(item) ? item->valuestring : "";
		const char *value = ours && is_name(name) ? getenv(name) : NULL;

		if (is_name(name) && !cJSON_GetObjectItemCaseSensitive(stored, name))
			envp[n++] = variable(name, value ? value : "");
	}
	return envp;
}

bool header_is_hermetic(const cJSON *header)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, fields_array(fields_object(header, "plan"), "flags"))
		if (cJSON_IsString(item) && !strcmp(item->valuestring, "keep_answers"))
			return true;
	return false;
}

void header_inherited(const cJSON *header, struct target_inherited *inherited)
{
	const cJSON *limits = fields_object(header, "limits");
	const char *mask = fields_string(header, "umask", NULL);

	inherited->mask = mask ? (int)(strtoul(mask, NULL, 8) & 0777) : -1;
	inherited->nofile = fields_int(limits, "nofile", 0);
	inherited->stack = fields_int(limits, "stack", 0);
}

void header_free_words(char **words)
{
	size_t i;

	for (i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

bool header_is_ours(const cJSON *header)
{
	uint64_t origin;

	return fields_hash(header, "origin", &origin) && origin == header_origin();
}

void header_compare_program(const cJSON *header, const struct elf_info *elf, char *text,
			    size_t size)
{
	const cJSON *program = fields_object(header, "program");
	const cJSON *image = fields_object(program, "elf");
	uint64_t hash;

	*text = '\0';
	if (fields_hash(program, "hash", &hash) && hash != elf->hash)
		snprintf(text, size, "%s has changed since the trace was recorded",
			 fields_string(program, "path", "the program"));
	else if (fields_hash(image, "hash", &hash) && hash != elf->elf_hash)
		snprintf(text, size, "the interpreter %s has changed since the trace was recorded",
			 fields_string(image, "path", ""));
}
