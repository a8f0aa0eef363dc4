/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of the command line.  They may stand anywhere, before the command
 * as well; "--" ends them.
 */
#ifndef WEIR_CLI_OPTIONS_H
#define WEIR_CLI_OPTIONS_H

#include "cli/cli.h"

/**
 * struct words - the command line
 * @argc, @argv: as main() got them
 * @operands:    out: how many words behind argv[0] are operands, the command
 *               being the first
 * @help:        out: -h was among the options
 */
struct words {
	int argc;
	char **argv;
	int operands;
	bool help;
};

/**
 * options_command - the first operand, or NULL if there are only options
 */
const char *options_command(const struct words *w);

/**
 * options_parse - take the options out, so that the operands are in front
 * @c:   the command, which says which options there are
 * @opt: out
 *
 * Says what is wrong.
 */
enum cli_exit options_parse(const struct cli_command *c, struct words *w,
			    struct cli_options *opt);

/**
 * options_describe - print the options of a command
 */
void options_describe(const struct cli_command *c);

#endif
