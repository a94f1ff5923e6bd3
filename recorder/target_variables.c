/*
 * Variables of the target, see target_variables.h.
 */
#include "recorder/target_variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "recorder/alloc.h"

#define PRELOAD "LD_PRELOAD="
#define LIBRARY_PATH "LD_LIBRARY_PATH="

extern char **environ;

const char *target_variable(char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; *envp; envp++)
		if (!strncmp(*envp, name, n) && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

/* Out of the way of what the program opens, and not so high that tables become large. */
int target_region_number(void)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	return (limit.rlim_cur < REGION_DESCRIPTORS ? (int)limit.rlim_cur
						    : (int)REGION_DESCRIPTORS) -
	       1;
}

/* `first` in front of what was there, if anything was. */
static char *library_path(const char *first, const char *before)
{
	char *entry;
	int n = asprintf(&entry, LIBRARY_PATH "%s%s%s", first, before ? ":" : "",
			 before ? before : "");

	return alloc_check(n < 0 ? NULL : entry);
}

static char *preload(const char *value)
{
	char *entry;

	return alloc_check(asprintf(&entry, PRELOAD "%s", value) < 0 ? NULL : entry);
}

/* Confined it may not look at our descriptors. */
static char *region_entry(const struct region_handle *region, bool open)
{
	char *entry = alloc_check(malloc(REGION_ENV_MAX));

	if (open)
		region_env_open(region, target_region_number(), entry, REGION_ENV_MAX);
	else
		region_env(region, entry, REGION_ENV_MAX);
	return entry;
}

static bool is_ours(const char *entry)
{
	return !strncmp(entry, PRELOAD, strlen(PRELOAD)) ||
	       !strncmp(entry, REGION_ENV "=", strlen(REGION_ENV "="));
}

char **target_variables_new(const struct target_variables *variables,
			    const struct region_handle *region)
{
	char *const *envp = variables->envp ? variables->envp : environ;
	const char *first = variables->library_path && *variables->library_path
				    ? variables->library_path
				    : NULL;
	const char *before = target_variable(envp, "LD_LIBRARY_PATH");
	size_t n = 0, i;
	char **built;

	while (envp[n])
		n++;
	built = alloc_check(calloc(n + 4, sizeof(*built)));
	for (i = n = 0; envp[i]; i++)
		if (first && before == envp[i] + strlen(LIBRARY_PATH))
			built[n++] = library_path(first, before);
		else if (!is_ours(envp[i]))
			built[n++] = alloc_check(strdup(envp[i]));
	if (first && !before)
		built[n++] = library_path(first, NULL);
	built[n++] = preload(variables->preload);
	built[n] = region_entry(region, variables->open);
	return built;
}

void target_variables_free(char **envp)
{
	size_t i;

	for (i = 0; envp[i]; i++)
		free(envp[i]);
	free(envp);
}
