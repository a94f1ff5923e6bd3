/*
 * Help, manual page and completion, all from the rows of commands.def, options.def and
 * exit_codes.def.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "recorder/header.h"
#include "recorder/options_table.h"

#define HELP_COLUMN 28 /* where the text of an option begins */

static const char tagline[] =
	"Record and replay of multi-threaded programs on Linux/x86_64 with glibc";

/* Text of several lines, each behind `indent` blanks but the first, which starts where we are. */
static void put_lines(FILE *out, const char *text, int indent)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		fprintf(out, "%.*s\n", (int)strcspn(text, "\n"), text);
		if (strchr(text, '\n'))
			fprintf(out, "%*s", indent, "");
	}
}

static void put_option(FILE *out, const struct option_row *row)
{
	int n;

	if (row->letter)
		n = fprintf(out, "  -%c, --%s", row->letter, row->name);
	else
		n = fprintf(out, "      --%s", row->name);
	if (*row->argument)
		n += fprintf(out, " %s", row->argument);
	if (n >= HELP_COLUMN) {
		fputc('\n', out);
		n = 0;
	}
	fprintf(out, "%*s", HELP_COLUMN - n, "");
	put_lines(out, row->help, HELP_COLUMN);
}

/* Calls `put` for each option of the command, group by group. */
static void put_options(FILE *out, enum command_id command,
			void (*put_group)(FILE *out, const char *group),
			void (*put)(FILE *out, const struct option_row *row))
{
	bool done[OPTION_IDS] = { false };
	unsigned i, j;

	for (i = 0; i < OPTION_IDS; i++) {
		if (done[i] || !option_is_for(&option_rows[i], command))
			continue;
		put_group(out, option_rows[i].group);
		for (j = i; j < OPTION_IDS; j++) {
			if (strcmp(option_rows[j].group, option_rows[i].group) ||
			    !option_is_for(&option_rows[j], command))
				continue;
			put(out, &option_rows[j]);
			done[j] = true;
		}
	}
}

static void put_group_title(FILE *out, const char *group)
{
	fprintf(out, "\n%s:\n", group);
}

void help_command(const struct command *command, FILE *out)
{
	unsigned i;

	fprintf(out, "Usage: frontrun %s %s\n\n", command->name, command->synopsis);
	fprintf(out, "%c%s.\n\nExamples:\n", toupper((unsigned char)*command->summary),
		command->summary + 1);
	for (i = 0; i < 3; i++) {
		const char *tab = strchr(command->examples[i], '\t');

		fprintf(out, "  %.*s\n      %s\n", (int)(tab - command->examples[i]),
			command->examples[i], tab + 1);
	}
	put_options(out, command->id, put_group_title, put_option);
	fputs("\nExit status:\n", out);
	for (i = 0; i < exit_rows_count; i++)
		if (exit_rows[i].commands >> command->id & 1)
			fprintf(out, "  %-4s %s\n", exit_rows[i].label, exit_rows[i].meaning);
}

void help_overview(FILE *out)
{
	const struct command *commands = command_all();
	unsigned i;

	fprintf(out, "Usage: frontrun COMMAND [OPTION...] [WORD...]\n\n%s.\n\nCommands:\n",
		tagline);
	for (i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\nThe first steps:\n"
	      "  frontrun record ./prog       run it once, write trace.zst\n"
	      "  frontrun show                look at the interleaving\n"
	      "  frontrun replay trace.zst    the same run again\n"
	      "\n'frontrun help COMMAND' explains a command, "
	      "'frontrun --version' tells the version.\n",
	      out);
}

/* Text of a manual page: backslashes and leading dots are instructions of roff. */
static void put_roff(FILE *out, const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		start = *text == '\n';
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

static void put_man_group(FILE *out, const char *group)
{
	fputs(".PP\n", out);
	put_roff(out, group);
	fputs(":\n", out);
}

static void put_man_option(FILE *out, const struct option_row *row)
{
	fputs(".TP\n", out);
	if (row->letter)
		fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
	fputs("\\fB\\-\\-", out);
	put_roff(out, row->name);
	fputs("\\fR", out);
	if (*row->argument) {
		fputs(" \\fI", out);
		put_roff(out, row->argument);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	put_roff(out, row->help);
	fputc('\n', out);
}

static void put_man_command(FILE *out, const struct command *command)
{
	unsigned i;

	fprintf(out, ".SS frontrun %s ", command->name);
	put_roff(out, command->synopsis);
	fprintf(out, "\n%c", toupper((unsigned char)*command->summary));
	put_roff(out, command->summary + 1);
	fputs(".\n", out);
	put_options(out, command->id, put_man_group, put_man_option);
	fputs(".PP\nExit status:\n", out);
	for (i = 0; i < exit_rows_count; i++) {
		if (!(exit_rows[i].commands >> command->id & 1))
			continue;
		fprintf(out, ".TP\n%s\n", exit_rows[i].label);
		put_roff(out, exit_rows[i].meaning);
		fputc('\n', out);
	}
	fputs(".PP\nExamples:\n", out);
	for (i = 0; i < 3; i++) {
		const char *tab = strchr(command->examples[i], '\t');

		fprintf(out, ".TP\n\\fB%.*s\\fR\n", (int)(tab - command->examples[i]),
			command->examples[i]);
		put_roff(out, tab + 1);
		fputc('\n', out);
	}
}

void help_man(FILE *out)
{
	const struct command *commands = command_all();
	unsigned i;

	fprintf(out, ".TH FRONTRUN 1 \"\" \"frontrun %s\" \"User Commands\"\n", HEADER_VERSION);
	fputs(".SH NAME\nfrontrun \\- record, replay and fuzz the schedules of threads\n"
	      ".SH SYNOPSIS\n"
	      "\\fBfrontrun\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIWORD\\fR...]\n"
	      ".SH DESCRIPTION\n",
	      out);
	put_roff(out, tagline);
	fputs(".\n.SH COMMANDS\n", out);
	for (i = 0; i < COMMAND_COUNT; i++)
		put_man_command(out, &commands[i]);
}

static void put_long_options(FILE *out, enum command_id command, const char *separator)
{
	const char *before = "";
	unsigned i;

	for (i = 0; i < OPTION_IDS; i++) {
		if (!option_is_for(&option_rows[i], command))
			continue;
		fprintf(out, "%s--%s", before, option_rows[i].name);
		before = separator;
	}
}

static void completion_bash(FILE *out, const struct command *commands)
{
	unsigned i;

	fputs("_frontrun() {\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='",
	      out);
	for (i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "%s%s", i ? " " : "", commands[i].name);
	fputs("'\n\telse\n\t\tcase $before in\n", out);
	for (i = 0; i < OPTION_IDS; i++) {
		const char *c;

		if (option_rows[i].type != TYPE_CHOICE)
			continue;
		fprintf(out, "\t\t--%s) words='", option_rows[i].name);
		for (c = option_rows[i].argument; *c; c++)
			fputc(*c == '|' ? ' ' : *c, out);
		fputs("' ;;\n", out);
	}
	fputs("\t\t*)\n\t\t\tcase ${COMP_WORDS[1]} in\n", out);
	for (i = 0; i < COMMAND_COUNT; i++) {
		fprintf(out, "\t\t\t%s) words='", commands[i].name);
		put_long_options(out, commands[i].id, " ");
		fputs("' ;;\n", out);
	}
	fputs("\t\t\tesac\n"
	      "\t\t\t[[ $word == -* ]] || words=\n"
	      "\t\t\t;;\n\t\tesac\n\tfi\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	      "}\ncomplete -o default -F _frontrun frontrun\n",
	      out);
}

/* A word in single quotes for zsh and fish. */
static void put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text == '\n' ? ' ' : *text, out);
	}
	fputc('\'', out);
}

static void completion_fish(FILE *out, const struct command *commands)
{
	unsigned i, j;

	for (i = 0; i < COMMAND_COUNT; i++) {
		fprintf(out, "complete -c frontrun -f -n __fish_use_subcommand -a %s -d ",
			commands[i].name);
		put_quoted(out, commands[i].summary);
		fputc('\n', out);
		for (j = 0; j < OPTION_IDS; j++) {
			const struct option_row *row = &option_rows[j];

			if (!option_is_for(row, commands[i].id))
				continue;
			fprintf(out,
				"complete -c frontrun -n '__fish_seen_subcommand_from %s' -l %s",
				commands[i].name, row->name);
			if (row->letter)
				fprintf(out, " -s %c", row->letter);
			if (row->type != TYPE_FLAG)
				fputs(" -r", out);
			if (row->type == TYPE_CHOICE) {
				char words[64];
				size_t n;

				snprintf(words, sizeof(words), "%s", row->argument);
				for (n = 0; words[n]; n++)
					if (words[n] == '|')
						words[n] = ' ';
				fprintf(out, " -f -a '%s'", words);
			}
			fputs(" -d ", out);
			put_quoted(out, row->help);
			fputc('\n', out);
		}
	}
}

void help_completion(const char *shell, FILE *out)
{
	const struct command *commands = command_all();

	if (!strcmp(shell, "fish")) {
		completion_fish(out, commands);
		return;
	}
	if (!strcmp(shell, "zsh"))
		fputs("autoload -U +X bashcompinit && bashcompinit\n", out);
	completion_bash(out, commands);
}
