/*
 * The option table and its parser: values, the end of options, mistakes with "did you mean", and
 * the promises of help, manual page and completion, which come from the same rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/options_table.h"

static int run_none(const struct command *command, int argc, char **argv)
{
	(void)command;
	(void)argc;
	(void)argv;
	return 42;
}

static const struct command table[COMMAND_COUNT] = {
#define COMMAND(symbol, name, words, usage_status, synopsis, summary, ...)          \
	[COMMAND_##symbol] = { COMMAND_##symbol, #name,    run_none, WORDS_##words, \
			       usage_status,     synopsis, summary,  { __VA_ARGS__ } },
#include "recorder/commands.def"
#undef COMMAND
};

#define WORDS_MAX 32

/* Parses "record --seed 7 ..." (split at blanks). */
static int parse(struct options *options, enum command_id command, const char *line)
{
	static char text[512], *argv[WORDS_MAX];
	int argc = 0;
	char *word;

	snprintf(text, sizeof(text), "%s", line);
	for (word = strtok(text, " "); word && argc < WORDS_MAX - 1; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return options_parse(options, &table[command], argc, argv);
}

/* What `body` prints on `stream` (1 or 2). */
static char *capture(int stream, void (*body)(void *argument), void *argument)
{
	static char text[65536];
	FILE *file = tmpfile();
	int saved = dup(stream);
	size_t n;

	assert_non_null(file);
	fflush(NULL);
	dup2(fileno(file), stream);
	body(argument);
	fflush(NULL);
	dup2(saved, stream);
	close(saved);
	rewind(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

struct mistake {
	enum command_id command;
	const char *line;
	int status;
};

static void make_mistake(void *argument)
{
	struct mistake *mistake = argument;
	struct options options;

	mistake->status = parse(&options, mistake->command, mistake->line);
}

static void values_are_read(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, COMMAND_RECORD,
			       "record -o out.zst --seed=18446744073709551615 --steps 5k "
			       "--time-limit 0.5 --env A --env B --no-trap -v ./prog -o x"),
			 -1);
	assert_string_equal(options_string(&options, OPTION_OUTPUT, ""), "out.zst");
	assert_true(options_count(&options, OPTION_SEED, 0) == UINT64_MAX);
	assert_int_equal(options_count(&options, OPTION_STEPS, 0), 5000);
	assert_true(options_seconds(&options, OPTION_TIME_LIMIT, 0) == 0.5);
	assert_int_equal(options.value[OPTION_ENV].count, 2);
	assert_string_equal(options.value[OPTION_ENV].all[0], "A");
	assert_string_equal(options.value[OPTION_ENV].all[1], "B");
	assert_true(options_given(&options, OPTION_NO_TRAP));
	assert_true(options_given(&options, OPTION_VERBOSE));
	assert_false(options_given(&options, OPTION_JSON));
	assert_int_equal(options_count(&options, OPTION_SLICE, 99), 99);
	assert_int_equal(options.n_words, 3);
	assert_string_equal(options.words[0], "./prog");
	assert_string_equal(options.words[1], "-o");
	assert_null(options.words[3]);
	options_fini(&options);
}

static void options_end_where_the_program_begins(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, COMMAND_RECORD, "record -- -v --json"), -1);
	assert_true(options.after_dashes);
	assert_int_equal(options.n_words, 2);
	assert_string_equal(options.words[0], "-v");
	assert_false(options_given(&options, OPTION_VERBOSE));
	options_fini(&options);

	assert_int_equal(parse(&options, COMMAND_RECORD, "record prog -- --json"), -1);
	assert_int_equal(options.n_words, 3);
	assert_false(options_given(&options, OPTION_JSON));
	options_fini(&options);

	assert_int_equal(parse(&options, COMMAND_REPLAY, "replay a.zst --json -- py -v a.py"), -1);
	assert_int_equal(options.n_words, 1);
	assert_string_equal(options.words[0], "a.zst");
	assert_null(options.words[1]);
	assert_string_equal(options.program[0], "py");
	assert_string_equal(options.program[1], "-v");
	assert_null(options.program[3]);
	assert_false(options_given(&options, OPTION_VERBOSE));
	options_fini(&options);
	assert_int_equal(parse(&options, COMMAND_REPLAY, "replay a.zst --"), -1);
	assert_null(options.program);
	options_fini(&options);

	assert_int_equal(parse(&options, COMMAND_INFO, "info trace.zst --json"), -1);
	assert_int_equal(options.n_words, 1);
	assert_string_equal(options.words[0], "trace.zst");
	assert_true(options_given(&options, OPTION_JSON));
	options_fini(&options);
}

static void mistakes_are_one_line(void **state)
{
	static const struct {
		enum command_id command;
		const char *line, *said;
	} rows[] = {
		{ COMMAND_RECORD, "record --sede 7 ./prog", "did you mean '--seed'?" },
		{ COMMAND_RECORD, "record --outptu x ./prog", "did you mean '--output'?" },
		{ COMMAND_RECORD, "record --completely-else ./prog", "frontrun help record" },
		{ COMMAND_RECORD, "record --follow ./prog", "unknown option '--follow'" },
		{ COMMAND_RECORD, "record -Z ./prog", "unknown option '-Z'" },
		{ COMMAND_RECORD, "record --seed", "'--seed' needs an argument" },
		{ COMMAND_RECORD, "record --seed x ./prog", "--seed takes a number, not 'x'" },
		{ COMMAND_RECORD, "record --seed -1 ./prog", "--seed takes a number, not '-1'" },
		{ COMMAND_RECORD, "record --seed 18446744073709551616 ./p",
		  "--seed takes a number" },
		{ COMMAND_RECORD, "record --steps 20000000000000M ./p", "--steps takes a number" },
		{ COMMAND_RECORD, "record --time-limit soon ./p", "--time-limit takes seconds" },
		{ COMMAND_RECORD, "record --time-limit nan ./p", "--time-limit takes seconds" },
		{ COMMAND_RECORD, "record --strategy best ./p",
		  "--strategy takes natural|random|pct|pos|surw|pb|db|between, not 'best'" },
		{ COMMAND_RECORD, "record --verbose=9 ./p", "takes no argument" },
		{ COMMAND_DOCTOR, "doctor now", "'now' is one word too many" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mistake mistake = { rows[i].command, rows[i].line, 0 };
		const char *said = capture(STDERR_FILENO, make_mistake, &mistake);

		if (!strstr(said, rows[i].said))
			fail_msg("'%s' said: %s", rows[i].line, said);
		assert_int_equal(mistake.status, table[rows[i].command].usage_status);
		assert_memory_equal(said, "frontrun: ", 10);
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	}
}

static void nearest_knows_its_limits(void **state)
{
	static const char *const known[] = { "record", "replay", "show", "info" };

	(void)state;
	assert_string_equal(options_nearest("recrod", known, 4), "record");
	assert_string_equal(options_nearest("repaly", known, 4), "replay");
	assert_string_equal(options_nearest("shwo", known, 4), "show");
	assert_string_equal(options_nearest("inf", known, 4), "info");
	assert_null(options_nearest("x", known, 4));
	assert_null(options_nearest("telephone", known, 4));
	assert_null(options_nearest(
		"recordrecordrecordrecordrecordrecordrecordrecordrecordrecordre", known, 4));
}

struct call {
	char *argv[4];
	int argc, status;
};

static void call_main(void *argument)
{
	struct call *call = argument;

	call->status = command_main(table, call->argc, call->argv);
}

static void commands_are_found(void **state)
{
	struct call run = { { "frontrun", "record", "x", NULL }, 3, 0 };
	struct call typo = { { "frontrun", "recrod", NULL }, 2, 0 };
	struct call version = { { "frontrun", "--version", NULL }, 2, 0 };
	struct call nothing = { { "frontrun", NULL }, 1, 0 };
	char *said;

	(void)state;
	call_main(&run);
	assert_int_equal(run.status, 42);
	said = capture(STDERR_FILENO, call_main, &typo);
	assert_non_null(strstr(said, "did you mean 'record'?"));
	assert_int_equal(typo.status, 2);
	said = capture(STDOUT_FILENO, call_main, &version);
	assert_memory_equal(said, "frontrun ", 9);
	assert_int_equal(version.status, 0);
	said = capture(STDERR_FILENO, call_main, &nothing);
	assert_non_null(strstr(said, "Usage: frontrun COMMAND"));
	assert_int_equal(nothing.status, 2);
}

static unsigned columns_of(const char *line, size_t n)
{
	unsigned columns = 0;

	while (n--)
		columns += ((unsigned char)*line++ & 0xc0) != 0x80;
	return columns;
}

static void call_help(void *argument)
{
	help_command(argument, stdout);
}

static void help_is_complete_and_narrow(void **state)
{
	unsigned i, j;

	(void)state;
	for (i = 0; i < COMMAND_COUNT; i++) {
		char *text = capture(STDOUT_FILENO, call_help, (void *)(uintptr_t)&table[i]);
		const char *line = text;

		assert_memory_equal(text, "Usage: frontrun ", 16);
		assert_non_null(strstr(text, "\nExit status:\n"));
		for (j = 0; j < 3; j++)
			assert_non_null(strchr(table[i].examples[j], '\t'));
		for (j = 0; j < OPTION_IDS; j++) {
			char name[64];

			snprintf(name, sizeof(name), " --%s", option_rows[j].name);
			if (option_is_for(&option_rows[j], i) && !strstr(text, name))
				fail_msg("%s --help lacks%s", table[i].name, name);
		}
		for (; *line; line += strcspn(line, "\n") + 1)
			if (columns_of(line, strcspn(line, "\n")) > 80)
				fail_msg("%s --help: wider than 80: %.*s", table[i].name,
					 (int)strcspn(line, "\n"), line);
	}
}

static void call_man(void *argument)
{
	(void)argument;
	help_man(stdout);
}

static void call_completion(void *argument)
{
	help_completion(argument, stdout);
}

/* Every option of every command is in the manual page and in each completion. */
static void every_row_is_everywhere(void **state)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };
	unsigned i, j;
	char *text;

	(void)state;
	text = capture(STDOUT_FILENO, call_man, NULL);
	for (i = 0; i < COMMAND_COUNT; i++) {
		char title[64];

		snprintf(title, sizeof(title), ".SS frontrun %s ", table[i].name);
		assert_non_null(strstr(text, title));
	}
	for (j = 0; j < 3; j++) {
		text = capture(STDOUT_FILENO, call_completion, (void *)(uintptr_t)shells[j]);
		for (i = 0; i < OPTION_IDS; i++)
			if (!strstr(text, option_rows[i].name))
				fail_msg("%s completion lacks %s", shells[j], option_rows[i].name);
	}
}

/* Two options of one command may not share a letter or a name. */
static void rows_do_not_collide(void **state)
{
	unsigned i, j;

	(void)state;
	for (i = 0; i < OPTION_IDS; i++) {
		assert_true(option_rows[i].commands);
		for (j = 0; j < i; j++) {
			if (!(option_rows[i].commands & option_rows[j].commands))
				continue;
			if (!strcmp(option_rows[i].name, option_rows[j].name) ||
			    (option_rows[i].letter &&
			     option_rows[i].letter == option_rows[j].letter))
				fail_msg("--%s and --%s collide", option_rows[i].name,
					 option_rows[j].name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(options_end_where_the_program_begins),
		cmocka_unit_test(commands_are_found),
		cmocka_unit_test(mistakes_are_one_line),
		cmocka_unit_test(nearest_knows_its_limits),
		cmocka_unit_test(help_is_complete_and_narrow),
		cmocka_unit_test(every_row_is_everywhere),
		cmocka_unit_test(rows_do_not_collide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
