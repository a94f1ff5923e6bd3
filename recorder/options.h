/*
 * Command line options: one table (options.def) for the parser, `--help`, "did you mean",
 * completion and the manual page. A command gets its options as an array of values, indexed by enum
 * option_id.
 *
 *	int cmd_record(const struct command *command, int argc, char **argv)
 *	{
 *		struct options options;
 *		int status = options_parse(&options, command, argc, argv);
 *
 *		if (status >= 0)
 *			return status;		--help was printed, or the usage was wrong
 *		path = options_string(&options, OPTION_OUTPUT, "trace.zst");
 *		program = options.words;	NULL-terminated
 *		...
 *		options_fini(&options);
 *	}
 *
 * options_parse() prints (help on stdout, mistakes on stderr): it is part of the command layer.
 */
#ifndef RECORDER_OPTIONS_H
#define RECORDER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command_id {
#define COMMAND(symbol, name, words, usage_status, synopsis, summary, ...) COMMAND_##symbol,
#include "recorder/commands.def"
#undef COMMAND
	COMMAND_COUNT
};

/* Exit codes by name: EXIT_RECORD_FAILURE, ... */
enum exit_code {
#define EXIT_CODE(commands, symbol, value, label, meaning) EXIT_##symbol = value,
#include "recorder/exit_codes.def"
#undef EXIT_CODE
};

enum option_id {
#define OPTION(commands, group, symbol, letter, name, type, argument, help) OPTION_##symbol,
#include "recorder/options.def"
#undef OPTION
	OPTION_IDS
};

/* How the words that are not options are read. */
enum command_words {
	WORDS_NONE,  /* there are none */
	WORDS_MIXED, /* operands, options may follow them */
	/* a command line of another program: options end at its first word, or at -- */
	WORDS_PROGRAM,
	WORDS_MIXED_PROGRAM, /* as MIXED; behind -- a command line of another program */
};

struct command {
	enum command_id id;
	const char *name;
	/* returns the exit status */
	int (*run)(const struct command *command, int argc, char **argv);
	enum command_words words;
	int usage_status; /* exit status when the options are wrong */
	const char *synopsis;
	const char *summary;
	const char *examples[3]; /* "command line\twhat it does" */
};

/*
 * Finds the command that argv[1] names and runs it; `--help`, `--version` and mistakes are answered
 * here. `table` holds COMMAND_COUNT rows in the order of commands.def. Returns the exit status. For
 * main() only.
 */
int command_main(const struct command *table, int argc, char **argv);

/* The table that command_main() was given. */
const struct command *command_all(void);

struct option_value {
	unsigned count;   /* how often it was given */
	const char *text; /* the last argument, NULL for flags */
	uint64_t number;  /* TYPE_COUNT */
	double seconds;   /* TYPE_SECONDS */
	const char **all; /* TYPE_LIST: every argument, `count` of them */
};

struct options {
	const struct command *command;
	struct option_value value[OPTION_IDS];
	/* what is not an option: operands, or the program and its arguments; NULL-terminated */
	char **words;
	int n_words;
	bool after_dashes; /* the words came behind -- */
	/* what came behind --, of a command with WORDS_MIXED_PROGRAM; NULL: nothing */
	char **program;
};

/*
 * Parses argv[1..]. Returns -1 when the command is to go on; else the exit status (0: help was
 * asked for). Reorders argv for WORDS_MIXED.
 */
int options_parse(struct options *options, const struct command *command, int argc, char **argv);
void options_fini(struct options *options);

bool options_given(const struct options *options, enum option_id id);
const char *options_string(const struct options *options, enum option_id id, const char *otherwise);
uint64_t options_count(const struct options *options, enum option_id id, uint64_t otherwise);
double options_seconds(const struct options *options, enum option_id id, double otherwise);

/* One line on stderr, "frontrun record: ..."; returns the command's usage status. */
int options_usage_error(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The known word nearest to `word`, or NULL when none is near (Damerau-Levenshtein, at most a third
 * of its length).
 */
const char *options_nearest(const char *word, const char *const *known, size_t n_known);

/* The command of this name, or NULL. */
const struct command *command_find(const char *name);

#endif
