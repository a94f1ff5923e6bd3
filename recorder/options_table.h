/*
 * The rows of options.def and exit_codes.def as the parser (options.c) and the help (help.c) read
 * them.
 */
#ifndef RECORDER_OPTIONS_TABLE_H
#define RECORDER_OPTIONS_TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "recorder/options.h"

enum option_type {
	TYPE_FLAG,
	TYPE_TEXT,
	TYPE_FILE,
	TYPE_COUNT,
	TYPE_SECONDS,
	TYPE_CHOICE,
	TYPE_LIST,
};

struct option_row {
	uint32_t commands; /* bit n: command n */
	const char *group;
	char letter; /* 0: none */
	const char *name;
	enum option_type type;
	const char *argument;
	const char *help;
};

struct exit_row {
	uint32_t commands;
	const char *label;
	const char *meaning;
};

extern const struct option_row option_rows[OPTION_IDS]; /* indexed by enum option_id */
extern const struct exit_row exit_rows[];
extern const unsigned exit_rows_count;

static inline int option_is_for(const struct option_row *row, enum command_id command)
{
	return row->commands >> command & 1;
}

/* `frontrun COMMAND --help`, `frontrun --help`. */
void help_command(const struct command *command, FILE *out);
void help_overview(FILE *out);

/* The manual page, and completion for "bash", "zsh" or "fish". */
void help_man(FILE *out);
void help_completion(const char *shell, FILE *out);

#endif
