/*
 * Which code is the user's own, by the name of its file: all but the standard library, installed
 * packages and what these generate, unless the plan has patterns that say otherwise.
 */
#include "preload/python/agent.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static char *patterns;
static uint32_t patterns_length;
static const char *standard; /* directory of the standard library */

static bool is_library(const char *file);

void scope_patterns(const char *given, uint32_t length)
{
	is_library(""); /* which asks the interpreter for its directory */
	patterns = given && length ? malloc(length) : NULL;
	patterns_length = patterns ? length : 0;
	if (patterns)
		memcpy(patterns, given, length);
}

/* "cachetools" is a package or module on the path, "/src/" a part of it, "*.py" a whole path. */
static bool fits(const char *pattern, const char *file)
{
	size_t length = strlen(pattern);
	const char *at;

	if (fnmatch(pattern, file, 0) == 0)
		return true;
	for (at = file; (at = strstr(at, pattern)) != NULL; at++)
		if ((at == file || at[-1] == '/') &&
		    (at[length] == '/' || at[length] == '\0' || strcmp(at + length, ".py") == 0))
			return true;
	return false;
}

/*
 * "<attrs generated init shop.Cart>", "<frozen importlib>": made by a library. "<string>" is also
 * what exec() makes for the program, and `python -c`.
 */
static bool is_made(const char *file)
{
	return *file == '<' && strcmp(file, "<stdin>") != 0 && strcmp(file, "<string>") != 0;
}

static bool is_library(const char *file)
{
	if (!standard) {
		PyObject *directory = PySys_GetObject("_stdlib_dir");

		standard = directory && PyUnicode_Check(directory) ? PyUnicode_AsUTF8(directory)
								   : NULL;
		if (!standard)
			standard = "/usr/lib/python3";
	}
	return is_made(file) ||
	       (strncmp(file, standard, strlen(standard)) == 0 && !strstr(file, "/test/")) ||
	       strstr(file, "/site-packages/") || strstr(file, "/dist-packages/") ||
	       strstr(file, "/frontrun_pytest") || strstr(file, "/frontrun_unittest");
}

bool scope_takes_locks(const char *file)
{
	static const char *const modules[] = { "/threading.py",        "/queue.py",
					       "/concurrent/futures/", "/logging/__init__.py",
					       "/functools.py",        "/_threading_local.py",
					       "/socketserver.py" };
	size_t i;

	for (i = 0; i < sizeof modules / sizeof *modules; i++) {
		const char *at = strstr(file, modules[i]);

		if (at && strncmp(file, standard, strlen(standard)) == 0 &&
		    (size_t)(at - file) == strlen(standard))
			return true;
	}
	return false;
}

bool scope_is_user(const char *file)
{
	bool user = !is_library(file);
	const char *p = patterns, *end = p + patterns_length;

	/* Dotted names are paths. */
	for (; p && p < end; p += strlen(p) + 1) {
		char path[1024];
		size_t i;

		snprintf(path, sizeof path, "%s", p + 1);
		if (!strchr(path, '/') && !strchr(path, '*'))
			for (i = 0; path[i]; i++)
				if (path[i] == '.' && strcmp(path + i, ".py") != 0)
					path[i] = '/';
		if (fits(path, file))
			user = *p == '+';
	}
	return user;
}

bool scope_has(const char *file)
{
	return scope_is_user(file) || scope_takes_locks(file);
}
