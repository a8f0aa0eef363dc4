/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir run: compile, then become the monitor until it is told to stop.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/compile.h"
#include "cli/control.h"
#include "cli/text.h"
#include "vmm/linux/monitor/monitor.h"

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
	sys = compile_topology(argv[0], opt->name, "; nothing was started");
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
