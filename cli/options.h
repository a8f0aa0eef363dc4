/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of the command line, apart from its operands.
 */
#ifndef WEIR_CLI_OPTIONS_H
#define WEIR_CLI_OPTIONS_H

#include "cli/cli.h"

/**
 * struct words - the command line on its way through the parser
 * @argc, @argv: all words but the command
 * @at:          the one looked at
 * @operands:    how many words at the front of @argv are operands by now
 * @help:        -h was among them
 */
struct words {
	int argc;
	char **argv;
	int at;
	int operands;
	bool help;
};

/**
 * options_parse - take the options out
 * @c:   the command, which says which options there are
 * @w:   in: all words; out: the operands are in front
 * @opt: out
 *
 * Says what is wrong.
 */
enum cli_exit options_parse(const struct cli_command *c, struct words *w,
			    struct cli_options *opt);

/**
 * options_before - how many words in front of the command are options
 * @argc, @argv: all words
 *
 * An option that has a value, and is not written in one word with it, is two.
 *
 * Return: their number; all of @argc if no word is left for a command.
 */
int options_before(int argc, char **argv);

/**
 * options_describe - print the options of a command
 */
void options_describe(const struct cli_command *c);

/**
 * options_timeout - seconds a command may take if -t does not say so
 */
unsigned int options_timeout(const struct cli_command *c);

#endif
