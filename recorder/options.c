/*
 * The parser of command lines, see options.h. How options look in help and completion is help.c.
 */
#include "recorder/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/options_table.h"

#define IN(command) (1u << COMMAND_##command)

const struct option_row option_rows[OPTION_IDS] = {
#define OPTION(commands, group, symbol, letter, name, type, argument, help) \
	[OPTION_##symbol] = { commands, group, letter, name, TYPE_##type, argument, help },
#include "recorder/options.def"
#undef OPTION
};

const struct exit_row exit_rows[] = {
#define EXIT_CODE(commands, symbol, value, label, meaning) { commands, label, meaning },
#include "recorder/exit_codes.def"
#undef EXIT_CODE
};

const unsigned exit_rows_count = sizeof(exit_rows) / sizeof(*exit_rows);

#define LONG_BASE 256 /* getopt_long's value of option n without a letter is LONG_BASE + n */

int options_usage_error(const struct command *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "frontrun: %s: ", command->name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return command->usage_status;
}

/*
 * Optimal string alignment distance: insert, delete, replace, swap neighbours. Words up to 63
 * letters.
 */
static unsigned distance(const char *a, const char *b)
{
	enum { MAX = 64 };
	unsigned rows[3][MAX], *before = rows[0], *last = rows[1], *row = rows[2];
	size_t n = strlen(a), m = strlen(b), i, j;

	if (n >= MAX || m >= MAX)
		return MAX;
	for (j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (i = 1; i <= n; i++) {
		unsigned *free_row = before;

		row[0] = (unsigned)i;
		for (j = 1; j <= m; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		before = last;
		last = row;
		row = free_row;
	}
	return last[m];
}

const char *options_nearest(const char *word, const char *const *known, size_t n_known)
{
	unsigned best = (unsigned)strlen(word) / 3 + 1;
	const char *nearest = NULL;
	size_t i;

	for (i = 0; i < n_known; i++) {
		unsigned d = distance(word, known[i]);

		if (d < best || (d == best && !nearest && d < strlen(known[i]))) {
			best = d;
			nearest = known[i];
		}
	}
	return nearest;
}

/* A count with an optional k (1,000) or M (1,000,000). */
static bool parse_count(const char *text, uint64_t *number)
{
	uint64_t factor = 1;
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (end == text || errno || *text < '0' || *text > '9')
		return false;
	if (*end == 'k' || *end == 'M')
		factor = *end++ == 'k' ? 1000 : 1000000;
	return !*end && !__builtin_mul_overflow(*number, factor, number);
}

static bool parse_choice(const char *choices, const char *text)
{
	size_t n = strlen(text);

	for (; *choices; choices += *choices == '|') {
		size_t length = strcspn(choices, "|");

		if (length == n && !strncmp(choices, text, n))
			return true;
		choices += length;
	}
	return false;
}

/* Stores one option. Returns -1, or the usage status after a message. */
static int store(struct options *options, unsigned id, char *argument)
{
	const struct option_row *row = &option_rows[id];
	struct option_value *value = &options->value[id];
	char *end;

	value->text = argument;
	switch (row->type) {
	case TYPE_COUNT:
		if (!parse_count(argument, &value->number))
			return options_usage_error(options->command,
						   "--%s takes a number, not '%s'", row->name,
						   argument);
		break;
	case TYPE_SECONDS:
		value->seconds = strtod(argument, &end);
		if (end == argument || *end || !(value->seconds >= 0) || value->seconds > 1e9)
			return options_usage_error(options->command, "--%s takes seconds, not '%s'",
						   row->name, argument);
		break;
	case TYPE_CHOICE:
		if (!parse_choice(row->argument, argument))
			return options_usage_error(options->command, "--%s takes %s, not '%s'",
						   row->name, row->argument, argument);
		break;
	case TYPE_LIST:
		value->all = alloc_grow(value->all, value->count, sizeof(*value->all));
		value->all[value->count] = argument;
		break;
	default:
		break;
	}
	value->count++;
	return -1;
}

static int unknown_option(const struct command *command, const char *word)
{
	const char *known[OPTION_IDS], *nearest;
	char name[64];
	size_t n = 0;
	unsigned i;

	if (word[1] != '-')
		return options_usage_error(command, "unknown option '%s' (see frontrun help %s)",
					   word, command->name);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (i = 0; i < OPTION_IDS; i++)
		if (option_is_for(&option_rows[i], command->id))
			known[n++] = option_rows[i].name;
	nearest = options_nearest(name, known, n);
	if (nearest)
		return options_usage_error(command, "unknown option '--%s'; did you mean '--%s'?",
					   name, nearest);
	return options_usage_error(command, "unknown option '--%s' (see frontrun help %s)", name,
				   command->name);
}

/* The command's rows as getopt_long(3) wants them. */
static void fill_tables(const struct command *command, char letters[2 * OPTION_IDS + 3],
			struct option longs[OPTION_IDS + 1])
{
	size_t n = 0;
	unsigned i;

	if (command->words == WORDS_PROGRAM)
		*letters++ = '+';
	*letters++ = ':';
	for (i = 0; i < OPTION_IDS; i++) {
		const struct option_row *row = &option_rows[i];

		if (!option_is_for(row, command->id))
			continue;
		longs[n++] = (struct option){ row->name, row->type != TYPE_FLAG, NULL,
					      LONG_BASE + (int)i };
		if (!row->letter)
			continue;
		*letters++ = row->letter;
		if (row->type != TYPE_FLAG)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[n] = (struct option){ 0 };
}

static int id_of(const struct command *command, int value)
{
	unsigned i;

	if (value >= LONG_BASE)
		return value - LONG_BASE;
	for (i = 0; i < OPTION_IDS; i++)
		if (option_rows[i].letter == value && option_is_for(&option_rows[i], command->id))
			return (int)i;
	return -1;
}

/* Cuts off the program behind the first --. Returns how many words are left. */
static int take_program(struct options *options, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		;
	if (i + 1 < argc)
		options->program = argv + i + 1;
	if (i < argc)
		argv[i] = NULL;
	return i;
}

int options_parse(struct options *options, const struct command *command, int argc, char **argv)
{
	char letters[2 * OPTION_IDS + 3], wrong[3] = "-";
	struct option longs[OPTION_IDS + 1];
	int value, status = -1, id;

	memset(options, 0, sizeof(*options));
	options->command = command;
	if (command->words == WORDS_MIXED_PROGRAM)
		argc = take_program(options, argc, argv);
	fill_tables(command, letters, longs);
	optind = 0;
	opterr = 0;
	while (status < 0 && (value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];

		id = id_of(command, value);
		if (id >= 0) {
			status = store(options, (unsigned)id, optarg);
		} else if (optopt >= LONG_BASE || value == ':') {
			status = options_usage_error(command, "option '%s' %s", word,
						     value == ':' ? "needs an argument"
								  : "takes no argument");
		} else if (optopt) {
			wrong[1] = (char)optopt;
			status = unknown_option(command, wrong);
		} else {
			status = unknown_option(command, word);
		}
	}
	options->words = argv + optind;
	options->n_words = argc - optind;
	options->after_dashes = optind > 1 && !strcmp(argv[optind - 1], "--");
	if (status < 0 && options_given(options, OPTION_HELP)) {
		help_command(command, stdout);
		status = 0;
	}
	if (status < 0 && command->words == WORDS_NONE && options->n_words)
		status = options_usage_error(command, "'%s' is one word too many",
					     options->words[0]);
	if (status >= 0)
		options_fini(options);
	return status;
}

void options_fini(struct options *options)
{
	unsigned i;

	for (i = 0; i < OPTION_IDS; i++) {
		free(options->value[i].all);
		options->value[i].all = NULL;
	}
}

bool options_given(const struct options *options, enum option_id id)
{
	return options->value[id].count;
}

const char *options_string(const struct options *options, enum option_id id, const char *otherwise)
{
	return options->value[id].count ? options->value[id].text : otherwise;
}

uint64_t options_count(const struct options *options, enum option_id id, uint64_t otherwise)
{
	return options->value[id].count ? options->value[id].number : otherwise;
}

double options_seconds(const struct options *options, enum option_id id, double otherwise)
{
	return options->value[id].count ? options->value[id].seconds : otherwise;
}
