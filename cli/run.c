/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir check and weir run: compile a topology; run becomes the monitor until it
 * is told to stop.
 *
 * A report goes to standard error even if there are only warnings; standard
 * output is for the result: that the topology is right, or with -v the system
 * that would be built.
 */
#include <stdio.h>

#include "cli/control.h"
#include "cli/text.h"
#include "config/config.h"
#include "config/system.h"
#include "vmm/linux/monitor/monitor.h"

/* What an instance can be called. */
#define NAME_RULES                                                             \
	"letters, digits, '.', '_' and '-', at most 31 of them, and neither "  \
	"'.' nor '-' first"

static void summary(const char *file, const struct system *sys)
{
	size_t switches = 0;
	uint64_t bytes = 0;

	for (size_t i = 0; i < sys->n_pds; i++)
		for (size_t j = 0; j < sys->pd[i].n_comps; j++)
			switches += sys->pd[i].comp[j].kind == SYS_SWITCH;
	for (size_t i = 0; i < sys->n_regions; i++)
		bytes += sys->region[i].size;
	text_print(stdout, file, "");
	printf(": ok (switches: %zu, connections: %zu, domains: %zu, "
	       "shared memory: up to %.1f MiB)\n",
	       switches, sys->n_conns, sys->n_pds, (double)bytes / (1 << 20));
}

struct system *cli_topology(const char *file, const char *name,
			    const char *then)
{
	struct config_report report;
	struct system *sys = config_compile_as(file, name, &report);

	/* The report quotes the file, which is not trusted. */
	text_print(stderr, report.text, "\n");
	if (!sys)
		cli_error("%s: %u error%s%s", file, report.errors,
			  report.errors == 1 ? "" : "s", then);
	config_report_free(&report);
	return sys;
}

enum cli_exit cli_check(const struct cli_options *opt, int argc, char **argv)
{
	struct system *sys = cli_topology(argv[0], NULL, "");

	(void)argc;
	if (!sys)
		return CLI_FAILED;
	if (!*sys->name)
		cli_error("%s: an instance cannot be called like this file "
			  "(" NAME_RULES "); give it a name when you run it: "
			  "weir run -n NAME FILE",
			  argv[0]);
	if (opt->verbose)
		system_dump(sys, stdout);
	else
		summary(argv[0], sys);
	system_free(sys);
	return CLI_OK;
}

enum cli_exit cli_run(const struct cli_options *opt, int argc, char **argv)
{
	struct error err = { "" };
	struct system *sys;
	int result;

	(void)argc;
	/* Before the file: a wrong name is wrong whatever the file says. */
	if (opt->name && !config_name_ok(opt->name)) {
		cli_error("\"%s\" cannot be an instance's name: " NAME_RULES,
			  opt->name);
		return CLI_USAGE;
	}
	sys = cli_topology(argv[0], opt->name, "; nothing was started");
	if (!sys)
		return CLI_FAILED;
	if (!*sys->name) {
		cli_error("%s: an instance cannot be called like this file "
			  "(" NAME_RULES "); give it a name: weir run -n NAME "
			  "FILE",
			  argv[0]);
		system_free(sys);
		return CLI_USAGE;
	}
	result = monitor_run(sys, &err);
	if (result)
		cli_error("%s", err.text);
	system_free(sys);
	return result ? CLI_FAILED : CLI_OK;
}
