/*
 * Writes the header of a trace, see header.h. Reading it back is header_read.c.
 */
#include "recorder/header.h"

#include <gnu/libc-version.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "formats/hash.h"
#include "formats/json_out.h"
#include "recorder/alloc.h"
#include "recorder/header_names.h"
#include "recorder/streams.h"

extern char **environ;

const char *const header_flag_names[HEADER_FLAGS] = {
	"virtual_time", "logical_pids", NULL,     NULL,       "flush", NULL,
	NULL,           "any_access",   "values", "no_agent", "leave", "library_locks",
	"keep_answers", NULL,           NULL,     NULL,       "races",
};

const char *const header_strategies[STRATEGY_COUNT] = {
#define STRATEGY(symbol, name) [STRATEGY_##symbol] = #name,
#include "formats/strategy.def"
};

static const char *const allowed[] = {
	"PATH",  "LANG",     "LC_*",           "TZ",   "PYTHON*", "LD_LIBRARY_PATH",
	"OMP_*", "MALLOC_*", "GLIBC_TUNABLES", "TERM",
};

/*
 * What else steers programs, and is no secret beside a working directory and the names of files
 * that were opened. Kept where the replay must not depend on the machine.
 */
static const char *const allowed_hermetic[] = {
	"HOME",   "USER",   "LOGNAME",    "PWD",       "OLDPWD",    "SHELL",  "HOSTNAME",
	"TMPDIR", "XDG_*",  "COLUMNS",    "LINES",     "NO_COLOR",  "PGHOST", "PGHOSTADDR",
	"PGPORT", "PGUSER", "PGDATABASE", "PGSSLMODE", "PGAPPNAME", "_",
};

static bool is_one_of(const char *entry, const char *const *names, size_t count)
{
	size_t n = strcspn(entry, "="), i;

	for (i = 0; i < count; i++) {
		size_t length = strlen(names[i]);

		if (names[i][length - 1] == '*' ? !strncmp(entry, names[i], length - 1)
						: n == length && !strncmp(entry, names[i], n))
			return true;
	}
	return false;
}

bool header_allows(const char *entry)
{
	return is_one_of(entry, allowed, sizeof(allowed) / sizeof(*allowed));
}

const char *header_strategy_name(unsigned id)
{
	return id < STRATEGY_COUNT ? header_strategies[id] : NULL;
}

/* cJSON holds doubles: larger integers are decimal strings, as everywhere in a trace. */
static void add_int(cJSON *object, const char *name, int64_t value)
{
	char text[24];

	if (value >= -JSON_INTEGER_MAX && value <= JSON_INTEGER_MAX) {
		cJSON_AddNumberToObject(object, name, (double)value);
		return;
	}
	snprintf(text, sizeof(text), "%lld", (long long)value);
	cJSON_AddStringToObject(object, name, text);
}

static void add_uint(cJSON *object, const char *name, uint64_t value)
{
	char text[24];

	if (value <= (uint64_t)JSON_INTEGER_MAX) {
		cJSON_AddNumberToObject(object, name, (double)value);
		return;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	cJSON_AddStringToObject(object, name, text);
}

static void add_hash(cJSON *object, const char *name, uint64_t hash)
{
	char text[20];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
	cJSON_AddStringToObject(object, name, text);
}

static cJSON *words(char *const *list)
{
	cJSON *array = alloc_check(cJSON_CreateArray());

	for (; *list; list++)
		cJSON_AddItemToArray(array, cJSON_CreateString(*list));
	return array;
}

/* How much of the environment is kept: `hermetic` also the names of what is not. */
static void add_environment(cJSON *header, char *const *envp, const char *const *extra,
			    unsigned extras, bool hermetic)
{
	cJSON *object = cJSON_AddObjectToObject(header, "environment");
	cJSON *names = hermetic ? cJSON_AddArrayToObject(header, "environment_names") : NULL;
	unsigned i;

	for (; *envp; envp++) {
		size_t n = strcspn(*envp, "=");
		bool wanted = header_allows(*envp) ||
			      (hermetic &&
			       is_one_of(*envp, allowed_hermetic,
					 sizeof(allowed_hermetic) / sizeof(*allowed_hermetic)));
		char *name;

		for (i = 0; i < extras && !wanted; i++)
			wanted = strlen(extra[i]) == n && !strncmp(extra[i], *envp, n);
		if ((*envp)[n] != '=')
			continue;
		name = alloc_check(strndup(*envp, n));
		if (wanted)
			cJSON_AddStringToObject(object, name, *envp + n + 1);
		else if (names)
			cJSON_AddItemToArray(names, alloc_check(cJSON_CreateString(name)));
		free(name);
	}
}

static cJSON *program(struct session *session)
{
	const struct elf_info *elf = session_elf(session);
	cJSON *object = alloc_check(cJSON_CreateObject()), *part, *script;
	char *path = realpath(target_path(session_target(session)), NULL);
	unsigned i;

	cJSON_AddStringToObject(object, "path", path ? path : target_path(session_target(session)));
	free(path);
	add_uint(object, "size", elf->size);
	add_hash(object, "hash", elf->hash);
	if (elf->scripts) {
		part = cJSON_AddArrayToObject(object, "scripts");
		for (i = 0; i < elf->scripts; i++) {
			script = alloc_check(cJSON_CreateObject());
			cJSON_AddStringToObject(script, "interpreter", elf->script[i].interpreter);
			if (elf->script[i].argument)
				cJSON_AddStringToObject(script, "argument",
							elf->script[i].argument);
			cJSON_AddItemToArray(part, script);
		}
	}
	part = cJSON_AddObjectToObject(object, "elf");
	cJSON_AddStringToObject(part, "path", elf->elf_path ? elf->elf_path : "");
	add_hash(part, "hash", elf->elf_hash);
	if (*elf->build_id)
		cJSON_AddStringToObject(part, "build_id", elf->build_id);
	return object;
}

/* "model name : ..." of the first CPU, "" when the kernel does not say. */
static void cpu_model(char *model, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[512];

	*model = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		char *value = strchr(line, ':');

		if (strncmp(line, "model name", 10) || !value)
			continue;
		value[strcspn(value, "\n")] = '\0';
		snprintf(model, size, "%s", value + 1 + strspn(value + 1, " "));
		break;
	}
	if (file)
		fclose(file);
}

static cJSON *system_facts(void)
{
	cJSON *object = alloc_check(cJSON_CreateObject());
	struct utsname name;
	char text[512];

	uname(&name);
	cJSON_AddStringToObject(object, "kernel", name.release);
	snprintf(text, sizeof(text), "glibc %s", gnu_get_libc_version());
	cJSON_AddStringToObject(object, "libc", text);
	cpu_model(text, sizeof(text));
	cJSON_AddStringToObject(object, "cpu", text);
	add_int(object, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	return object;
}

static void add_limits(cJSON *header)
{
	cJSON *object = cJSON_AddObjectToObject(header, "limits");
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	add_int(object, "nofile", limit.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)limit.rlim_cur);
	getrlimit(RLIMIT_STACK, &limit);
	add_int(object, "stack", limit.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)limit.rlim_cur);
}

/* Where the plan does not say what they look like: what they are. */
static void add_streams(cJSON *header, const struct plan_run *run)
{
	cJSON *array = cJSON_AddArrayToObject(header, "streams");
	unsigned i, kind;

	for (i = 0; i < PLAN_STREAMS; i++) {
		kind = run->streams[i] ? run->streams[i] : streams_kind((int)i);
		cJSON_AddItemToArray(array, cJSON_CreateString(streams_word(kind)));
	}
}

/* User and machine as one number: enough to tell strangers' traces, nothing to learn from. */
uint64_t header_origin(void)
{
	char text[512] = "";
	size_t n;
	FILE *file = fopen("/etc/machine-id", "re");
	struct utsname name;

	if (file && !fgets(text, 64, file))
		*text = '\0';
	if (file)
		fclose(file);
	uname(&name);
	text[strcspn(text, "\n")] = '\0';
	n = strlen(text);
	snprintf(text + n, sizeof(text) - n, "|%s|%u", name.nodename, (unsigned)getuid());
	return hash_bytes(text, strlen(text));
}

static cJSON *strategy(const struct plan_strategy *plan)
{
	cJSON *object = alloc_check(cJSON_CreateObject()), *parameters;
	const char *name = header_strategy_name(plan->id);
	unsigned i, n = sizeof(plan->parameters) / sizeof(*plan->parameters);
	char text[24];

	cJSON_AddStringToObject(object, "name", name ? name : "unknown");
	add_uint(object, "seed", plan->seed);
	add_uint(object, "slice", plan->slice);
	parameters = cJSON_AddArrayToObject(object, "parameters");
	while (n && !plan->parameters[n - 1])
		n--;
	for (i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)plan->parameters[i]);
		cJSON_AddItemToArray(parameters, cJSON_CreateString(text));
	}
	return object;
}

static cJSON *plan_values(const struct plan_run *run)
{
	cJSON *object = alloc_check(cJSON_CreateObject());
	cJSON *flags = cJSON_AddArrayToObject(object, "flags");
	unsigned i;

	for (i = 0; i < HEADER_FLAGS; i++)
		if (header_flag_names[i] && run->flags & (1u << i))
			cJSON_AddItemToArray(flags, cJSON_CreateString(header_flag_names[i]));
	add_uint(object, "cpus", run->cpus);
	add_uint(object, "random_seed", run->random_seed);
	add_int(object, "realtime_ns", run->realtime_ns);
	add_int(object, "monotonic_ns", run->monotonic_ns);
	add_int(object, "idle_wait_ns", run->idle_wait_ns);
	add_uint(object, "step_budget", run->step_budget);
	add_uint(object, "pid", run->pid);
	add_uint(object, "ppid", run->ppid);
	return object;
}

/* "+cachetools": which interpreted code is watched. */
static void add_patterns(cJSON *header, const char *patterns, uint32_t length)
{
	cJSON *array = cJSON_AddArrayToObject(header, "code_patterns");
	uint32_t at;

	for (at = 0; at < length; at += (uint32_t)strlen(patterns + at) + 1)
		cJSON_AddItemToArray(array, alloc_check(cJSON_CreateString(patterns + at)));
}

/* As 16 hex digits each. */
static void add_shared_sites(cJSON *header, const uint64_t *sites, uint32_t count)
{
	cJSON *array = cJSON_AddArrayToObject(header, "shared_sites");
	char text[24];
	uint32_t i;

	for (i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%016llx", (unsigned long long)sites[i]);
		cJSON_AddItemToArray(array, alloc_check(cJSON_CreateString(text)));
	}
}

cJSON *header_new(struct session *session, const char *command, const char *const *extra,
		  unsigned extras)
{
	const struct session_config *config = session_config(session);
	char *const *envp = config->target.envp ? config->target.envp : environ;
	cJSON *header = alloc_check(cJSON_CreateObject());
	char *cwd = getcwd(NULL, 0), text[64];
	time_t started = time(NULL);
	mode_t mask = umask(0);
	struct tm tm;

	umask(mask);
	cJSON_AddStringToObject(header, "version", HEADER_VERSION);
	cJSON_AddStringToObject(header, "command", command);
	cJSON_AddItemToObject(header, "argv", words(config->target.argv));
	cJSON_AddStringToObject(header, "cwd", cwd ? cwd : "");
	free(cwd);
	add_environment(header, envp, extra, extras, config->run.flags & PLAN_RUN_KEEP_ANSWERS);
	cJSON_AddItemToObject(header, "program", program(session));
	cJSON_AddItemToObject(header, "system", system_facts());
	snprintf(text, sizeof(text), "%03o", (unsigned)mask);
	cJSON_AddStringToObject(header, "umask", text);
	add_limits(header);
	add_streams(header, &config->run);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&started, &tm));
	cJSON_AddStringToObject(header, "started", text);
	add_hash(header, "origin", header_origin());
	cJSON_AddItemToObject(header, "strategy", strategy(&config->strategy));
	cJSON_AddItemToObject(header, "plan", plan_values(&config->run));
	if (config->code_patterns_length)
		add_patterns(header, config->code_patterns, config->code_patterns_length);
	if (config->shared_sites_count)
		add_shared_sites(header, config->shared_sites, config->shared_sites_count);
	cJSON_AddBoolToObject(header, "trap", !config->no_trap);
	cJSON_AddBoolToObject(header, "addresses_fixed", session_addresses_fixed(session));
	return header;
}
