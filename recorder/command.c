/*
 * From the first word of the command line to its command, see options.h; and the command `help`.
 */
#include "recorder/options.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorder/header.h"
#include "recorder/options_table.h"

static const struct command *commands;

int cmd_help(const struct command *command, int argc, char **argv);

const struct command *command_all(void)
{
	return commands;
}

const struct command *command_find(const char *name)
{
	unsigned i;

	if (!strcmp(name, "c++"))
		name = "cxx";
	for (i = 0; commands && i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[COMMAND_COUNT], *nearest;
	unsigned i;

	for (i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i].name;
	nearest = options_nearest(name, names, COMMAND_COUNT);
	fprintf(stderr, "frontrun: unknown command '%s'", name);
	if (nearest)
		fprintf(stderr, "; did you mean '%s'?\n", nearest);
	else
		fputs(" (see frontrun help)\n", stderr);
	return EXIT_HELP_USAGE;
}

/* Closed standard descriptors would be taken by files of ours, and written to by the target. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * What was printed must have arrived: a full disk behind stdout is an error. A reader that has left
 * (head, less) is none: it has seen what it wanted.
 */
static int finish(int status)
{
	struct pollfd output = { .fd = STDOUT_FILENO };
	int error;

	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	error = errno;
	if (error == EPIPE || (poll(&output, 1, 0) == 1 && (output.revents & POLLERR)))
		return status;
	fprintf(stderr, "frontrun: cannot write to standard output%s%s\n", error ? ": " : "",
		error ? strerror(error) : "");
	return status ? status : 1;
}

int command_main(const struct command *table, int argc, char **argv)
{
	const struct command *command;

	commands = table;
	fill_standard_descriptors();
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		help_overview(stderr);
		return EXIT_HELP_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("frontrun %s\n", HEADER_VERSION);
		return finish(0);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		help_overview(stdout);
		return finish(0);
	}
	command = command_find(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	return finish(command->run(command, argc - 1, argv + 1));
}

int cmd_help(const struct command *command, int argc, char **argv)
{
	const struct command *subject;
	struct options options;
	int status = options_parse(&options, command, argc, argv);

	if (status >= 0)
		return status;
	status = 0;
	if (options_given(&options, OPTION_MAN)) {
		help_man(stdout);
	} else if (options_given(&options, OPTION_COMPLETION)) {
		help_completion(options_string(&options, OPTION_COMPLETION, "bash"), stdout);
	} else if (!options.n_words) {
		help_overview(stdout);
	} else {
		subject = command_find(options.words[0]);
		if (subject)
			help_command(subject, stdout);
		else
			status = unknown_command(options.words[0]);
	}
	options_fini(&options);
	return status;
}
