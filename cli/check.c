/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir check, and the compiling that `weir run` begins with as well.
 *
 * A report goes to standard error even if there are only warnings; standard
 * output is for what was asked for: that it is right, or with -v what would
 * be built.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/compile.h"
#include "cli/text.h"
#include "config/system.h"

/* What a topology comes to, in numbers. */
static void summary(const char *file, const struct system *sys)
{
	size_t switches = 0;
	uint64_t octets = 0;

	for (size_t i = 0; i < sys->n_pds; i++)
		for (size_t j = 0; j < sys->pd[i].n_comps; j++)
			switches += sys->pd[i].comp[j].kind == SYS_SWITCH;
	for (size_t i = 0; i < sys->n_regions; i++)
		octets += sys->region[i].size;
	text_print(stdout, file, "");
	printf(": ok (switches: %zu, connections: %zu, domains: %zu, "
	       "shared memory: %.1f MiB)\n",
	       switches, sys->n_conns, sys->n_pds, (double)octets / (1 << 20));
}

struct system *compile_topology(const char *file, const char *name,
				const char *then)
{
	struct config_report report;
	struct system *sys = config_compile_as(file, name, &report);

	/* The report quotes the file, so it is no more trusted than that. */
	text_print(stderr, report.text, "\n");
	if (!sys)
		cli_error("%s: %u error%s%s", file, report.errors,
			  report.errors == 1 ? "" : "s", then);
	config_report_free(&report);
	return sys;
}

enum cli_exit cli_check(const struct cli_options *opt, int argc, char **argv)
{
	struct system *sys = compile_topology(argv[0], NULL, "");

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
