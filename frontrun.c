/*
 * main: the table of sub-commands, nothing else.
 */
#include "recorder/options.h"

#define COMMAND(symbol, name, ...) \
	int cmd_##name(const struct command *command, int argc, char **argv);
#include "recorder/commands.def"
#undef COMMAND

static const struct command table[COMMAND_COUNT] = {
#define COMMAND(symbol, name, words, usage_status, synopsis, summary, ...)            \
	[COMMAND_##symbol] = { COMMAND_##symbol, #name,    cmd_##name, WORDS_##words, \
			       usage_status,     synopsis, summary,    { __VA_ARGS__ } },
#include "recorder/commands.def"
#undef COMMAND
};

int main(int argc, char **argv)
{
	return command_main(table, argc, argv);
}
