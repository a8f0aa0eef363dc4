/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The `weir` command: what its files share.
 *
 * The command is a thin shell around three things that do the work: the
 * topology compiler (config/), the monitor (vmm/linux/) and, for everything
 * said to a running instance, the control protocol (docs/control.md).  It
 * holds no state of its own.
 *
 *	main.c      hands over to cli_main()
 *	command.c   the table of commands, help
 *	options.c   options
 *	hint.c      words of other tools
 *	check.c run.c show.c trace.c stop.c	one command each
 *	change.c    allow, deny, limit, storm, lock, undo, reload
 *	control.c   one request to a running instance, one reply
 *	instance.c  which instance is meant
 *	frame.c     frames as people write them
 *	table.c     columns for people, tabs for programs
 *	text.c      errors, control characters, "did you mean"
 *
 * Two rules hold everywhere.  Whatever came from outside (a reply, a topology,
 * a name somebody typed) reaches a terminal only through text_print() or a
 * table, which defuse control characters.  And nothing waits for ever: every
 * exchange with an instance has one deadline for all of it.
 */
#ifndef WEIR_CLI_CLI_H
#define WEIR_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#define WEIR_VERSION "0.1"

/* Exit codes, documented in weir(1). */
enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/**
 * struct cli_options - what was given before, between and after the operands
 * @name:    -n: the instance, or NULL
 * @timeout: -t: seconds one exchange may take
 * @json:    -j
 * @verbose: -v
 * @both:    -b
 * @table:   --table, or standard output is a terminal
 */
struct cli_options {
	const char *name;
	unsigned int timeout;
	bool json;
	bool verbose;
	bool both;
	bool table;
};

/**
 * struct cli_command - one row of the table of commands
 * @name:    first word
 * @options: letters of the options it takes
 * @min:     operands at least
 * @max:     operands at most
 * @usage:   operands and options, for `weir help`
 * @summary: one line
 * @help:    the rest, for `weir help NAME`
 * @run:     does it, with only the operands left in @argv
 * @timeout: seconds, where -t says nothing; 0: as most
 */
struct cli_command {
	const char *name;
	const char *options;
	int min;
	int max;
	const char *usage;
	const char *summary;
	const char *help;
	enum cli_exit (*run)(const struct cli_options *opt, int argc,
			     char **argv);
	unsigned int timeout;
};

/**
 * cli_main - everything but being main(), so that tests can call it
 *
 * Return: the exit code.
 */
int cli_main(int argc, char **argv);

enum cli_exit cli_check(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_run(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_show(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_trace(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_reload(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_allow(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_deny(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_limit(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_storm(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_lock(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_undo(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_stop(const struct cli_options *opt, int argc, char **argv);

#endif
