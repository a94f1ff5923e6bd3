/*
 * The functions of the commands, cmd_record() and so on, one for each row of commands.def. Each
 * parses its options, does its work, prints, and returns the exit status (exit_codes.def).
 */
#ifndef RECORDER_COMMANDS_H
#define RECORDER_COMMANDS_H

#include "recorder/options.h"

#define COMMAND(symbol, name, ...) \
	int cmd_##name(const struct command *command, int argc, char **argv);
#include "recorder/commands.def"
#undef COMMAND

#endif
