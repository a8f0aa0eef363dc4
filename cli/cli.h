/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The `weir` command: what its files share.
 *
 * The command is a thin shell around three things that do the work: the
 * topology compiler (config/), the monitor (vmm/linux/monitor/) and, for a
 * running instance, the control protocol (docs/control.md).  It has no state of
 * its own.  Replies are facts; all words a person reads are made here.
 *
 *	main.c command.c options.c	commands, help, options
 *	run.c compile.c show.c top.c metrics.c graph.c trace.c change.c vm.c
 *	stop.c			the commands
 *	instance.c control.c	find an instance; one request, one reply
 *	facts.c errors.c decision.c verdict.c	facts in words
 *	frame.c packet.c packet_build.c trace_packet.c	frames to trace
 *	table.c json.c text.c	what is printed
 *
 * Two rules hold everywhere.  What came from outside (a reply, a topology, a
 * word typed) reaches a terminal only through text_print() or a table, which
 * escape control characters.  And nothing waits for ever: every exchange with
 * an instance has one deadline.
 */
#ifndef WEIR_CLI_CLI_H
#define WEIR_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_VERSION "0.1"

/* Exit codes, documented in weir(1). */
enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/**
 * struct cli_options - the options given
 * @name:    -n: the instance, or NULL
 * @timeout: -t: seconds one exchange may take
 * @json:    -j
 * @verbose: -v
 * @both:    -b
 * @table:   --table, or standard output is a terminal
 * @openmetrics: -O
 * @microkit: -k
 * @output:  -o: a folder, or NULL
 */
struct cli_options {
	const char *name;
	unsigned int timeout;
	bool json;
	bool verbose;
	bool both;
	bool table;
	bool openmetrics;
	bool microkit;
	const char *output;
};

/**
 * struct cli_command - one row of the table of commands
 * @name:    first word
 * @options: letters of the options it takes
 * @min, @max: how many operands
 * @usage:   operands and options, for `weir help`
 * @summary: one line
 * @help:    the rest, for `weir help NAME`
 * @run:     does it, with only the operands left in @argv
 * @timeout: default for -t in seconds; 0: the usual one
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
 * cli_topology - compile a topology; says what is wrong with it
 * @name: of the instance, or NULL: like the file
 * @then: what follows from errors
 *
 * Return: the system, or NULL.
 */
struct system *cli_topology(const char *file, const char *name,
			    const char *then);

/**
 * cli_now_ms - the time, CLOCK_MONOTONIC
 */
int64_t cli_now_ms(void);

/**
 * cli_main - what main() does, for tests as well
 *
 * Return: the exit code.
 */
int cli_main(int argc, char **argv);

enum cli_exit cli_check(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_compile(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_run(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_show(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_metrics(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_graph(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_top(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_trace(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_reload(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_allow(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_deny(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_limit(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_storm(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_lock(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_undo(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_vm(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_console(const struct cli_options *opt, int argc, char **argv);
enum cli_exit cli_stop(const struct cli_options *opt, int argc, char **argv);

#endif
