/*
 * `frontrun pytest` and `frontrun unittest`: finds a Python and the files of ours that are in that
 * language, and becomes the one or the other, with a plugin or a runner of ours. The searches are
 * theirs: they start `frontrun fuzz`.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/commands.h"

#define PROGRAM_VARIABLE "FRONTRUN_PYTEST" /* python/frontrun_pytest/options.py knows it */
#define STARTER "python/frontrun_"         /* and the command's name */

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
static char *find_starter(const struct command *command, const char *self)
{
	int length = (int)(strrchr(self, '/') - self);
	char *path;

	alloc_check(asprintf(&path, "%.*s/" STARTER "%s", length, self, command->name) < 0 ? NULL
											   : path);
	if (access(path, R_OK)) {
		free(path);
		alloc_check(asprintf(&path, FRONTRUN_LIBDIR "/" STARTER "%s", command->name) < 0
				    ? NULL
				    : path);
	}
	return path;
}

static int complain(const struct command *command, const char *what, const char *remedy)
{
	return options_usage_error(command, "%s: %s: %s", what, strerror(errno), remedy);
}

/* Returns when nothing could be started. */
static int become(const struct command *command, const char *python, char *starter, char **rest,
		  int n_rest)
{
	static const char *const usual[] = { "python3", "python" };
	size_t tries = python ? 1 : sizeof(usual) / sizeof(*usual), i;
	char **words = alloc_check(calloc((size_t)n_rest + 3, sizeof(*words)));

	words[1] = starter;
	memcpy(words + 2, rest, (size_t)n_rest * sizeof(*words));
	for (i = 0; i < tries && (!i || errno == ENOENT); i++) {
		words[0] = alloc_check(strdup(python ? python : usual[i]));
		execvp(words[0], words);
	}
	return complain(command, python ? python : usual[0], "name a Python with --python");
}

static int run(const struct command *command, int argc, char **argv)
{
	int own = own_words(argc, argv);
	struct options options;
	char *self, *starter;
	int status = options_parse(&options, command, own, argv);

	if (status >= 0)
		return status;
	self = find_self();
	if (!self)
		return complain(command, "/proc/self/exe", "mount /proc");
	starter = find_starter(command, self);
	if (access(starter, R_OK))
		return complain(command, starter, "install frontrun again");
	if (setenv(PROGRAM_VARIABLE, self, 1))
		return complain(command, "the environment", "make it smaller");
	return become(command, options_string(&options, OPTION_PYTHON, NULL), starter, argv + own,
		      argc - own);
}

int cmd_pytest(const struct command *command, int argc, char **argv)
{
	return run(command, argc, argv);
}

int cmd_unittest(const struct command *command, int argc, char **argv)
{
	return run(command, argc, argv);
}
