/*
 * `frontrun pytest`: finds a Python and the files of ours that are in that language, and becomes
 * pytest with our plugin. The searches are that plugin's: it starts `frontrun fuzz`.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/commands.h"

#define PROGRAM_VARIABLE "FRONTRUN_PYTEST" /* python/frontrun_pytest/plugin.py reads it */
#define STARTER "python/frontrun_pytest"

/* Our own options come first: what is no option of ours is pytest's, and so is all behind it. */
static int own_words(int argc, char **argv)
{
	int i = 1;

	while (i < argc) {
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help") ||
		    !strncmp(argv[i], "--python=", 9))
			i++;
		else if (!strcmp(argv[i], "--python"))
			i += i + 1 < argc ? 2 : 1;
		else
			break;
	}
	return i;
}

/* Path of this program, or NULL. */
static char *find_self(void)
{
	char *path = alloc_check(malloc(PATH_MAX));
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n < 0) {
		free(path);
		return NULL;
	}
	path[n] = '\0';
	return path;
}

/* As the runtime library: beside the CLI, else where both were installed. */
static char *find_starter(const char *self)
{
	int length = (int)(strrchr(self, '/') - self);
	char *path;

	alloc_check(asprintf(&path, "%.*s/" STARTER, length, self) < 0 ? NULL : path);
	if (access(path, R_OK)) {
		free(path);
		path = alloc_check(strdup(FRONTRUN_LIBDIR "/" STARTER));
	}
	return path;
}

static int complain(const char *what, const char *why, const char *remedy)
{
	fprintf(stderr, "frontrun: pytest: %s: %s: %s\n", what, why, remedy);
	return EXIT_PYTEST_USAGE;
}

/* Returns when nothing could be started. */
static int become(const char *python, char *starter, char **rest, int n_rest)
{
	static const char *const usual[] = { "python3", "python" };
	size_t tries = python ? 1 : sizeof(usual) / sizeof(*usual), i;
	char **words = alloc_check(calloc((size_t)n_rest + 3, sizeof(*words)));
	int error = 0;

	words[1] = starter;
	memcpy(words + 2, rest, (size_t)n_rest * sizeof(*words));
	for (i = 0; i < tries && (!i || error == ENOENT); i++) {
		words[0] = alloc_check(strdup(python ? python : usual[i]));
		execvp(words[0], words);
		error = errno;
		free(words[0]);
	}
	free(words);
	return complain(python ? python : usual[0], strerror(error),
			"name a Python that has pytest with --python");
}

int cmd_pytest(const struct command *command, int argc, char **argv)
{
	int own = own_words(argc, argv);
	struct options options;
	char *self, *starter;
	int status = options_parse(&options, command, own, argv);

	if (status >= 0)
		return status;
	self = find_self();
	if (!self)
		return complain("/proc/self/exe", strerror(errno), "mount /proc");
	starter = find_starter(self);
	if (access(starter, R_OK))
		status = complain(starter, strerror(errno), "install frontrun again");
	else if (setenv(PROGRAM_VARIABLE, self, 1))
		status = complain("the environment", strerror(errno), "make it smaller");
	else
		status = become(options_string(&options, OPTION_PYTHON, NULL), starter, argv + own,
				argc - own);
	free(starter);
	free(self);
	options_fini(&options);
	return status;
}
