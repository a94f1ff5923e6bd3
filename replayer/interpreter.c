/*
 * Versions of Python, see interpreter.h.
 */
#include "replayer/interpreter.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/elf.h"
#include "recorder/fields.h"
#include "recorder/header.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "3.11" out of "python3.11", "libpython3.11.so.1.0", with `prefix` "python" or "libpython". */
static bool version_of(const char *path, const char *prefix, char version[INTERPRETER_VERSION])
{
	const char *name = base_name(path);
	size_t length = strlen(prefix);
	unsigned major, minor;

	*version = '\0';
	if (strncmp(name, prefix, length) || sscanf(name + length, "%1u.%3u", &major, &minor) != 2)
		return false;
	snprintf(version, INTERPRETER_VERSION, "%u.%u", major, minor);
	return true;
}

void interpreter_recorded(const struct trace_names *names, char version[INTERPRETER_VERSION])
{
	uint32_t end = trace_names_modules_end(names), i;

	*version = '\0';
	for (i = 0; i < end && !*version; i++) {
		const struct trace_module *module = trace_names_module(names, i);

		if (module)
			version_of(module->path, "libfrontrun-python", version);
	}
}

void interpreter_of(const char *command, const char *path, char version[INTERPRETER_VERSION])
{
	char *found = NULL, real[PATH_MAX];
	struct elf_info info;
	struct err err;
	size_t i;

	*version = '\0';
	if (elf_find_program(command, path, &found, &err) < 0)
		return;
	if (elf_inspect(found, &info, &err) == 0) {
		/* A script of `#!/usr/bin/env python3` is run by what stands there. */
		if (info.env_program && strcmp(info.env_program, command))
			interpreter_of(info.env_program, path, version);
		else if (info.elf_path && realpath(info.elf_path, real))
			version_of(real, "python", version);
		for (i = 0; i < info.n_needed && !*version; i++)
			version_of(info.needed[i], "libpython", version);
		elf_info_fini(&info);
	}
	free(found);
}

/* From where the program was started: malloc'ed. */
static char *from_directory(const cJSON *header, const char *command)
{
	char *path;

	if (*command == '/' || !strchr(command, '/'))
		return alloc_check(strdup(command));
	if (asprintf(&path, "%s/%s", fields_string(header, "cwd", "."), command) < 0)
		path = NULL;
	return alloc_check(path);
}

void interpreter_of_recording(const cJSON *header, char version[INTERPRETER_VERSION])
{
	const cJSON *first = cJSON_GetArrayItem(fields_array(header, "argv"), 0);
	const char *path = fields_string(fields_object(header, "environment"), "PATH", NULL);
	char *command;

	*version = '\0';
	if (!cJSON_IsString(first))
		return;
	command = from_directory(header, first->valuestring);
	interpreter_of(command, path, version);
	free(command);
}

char **interpreter_command(const cJSON *header, const char *python, struct err *err)
{
	const cJSON *program = fields_object(header, "program");
	const char *script = fields_string(program, "path", NULL);
	char **argv = header_argv(header, err);
	size_t n = 0;

	if (!argv)
		return NULL;
	if (cJSON_GetArraySize(fields_array(program, "scripts")) > 0 && script) {
		while (argv[n])
			n++;
		argv = alloc_check(reallocarray(argv, n + 2, sizeof(*argv)));
		memmove(argv + 1, argv, (n + 1) * sizeof(*argv));
		free(argv[1]);
		argv[1] = alloc_check(strdup(script));
		argv[0] = NULL;
	}
	free(argv[0]);
	argv[0] = alloc_check(strdup(python));
	return argv;
}
