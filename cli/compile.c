/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir compile: a system for another platform, from a topology.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/text.h"
#include "config/config.h"
#include "vmm/microkit/compile/compile.h"

enum cli_exit cli_compile(const struct cli_options *opt, int argc, char **argv)
{
	struct system *sys;
	char *err;
	int result;

	(void)argc;
	if (!opt->microkit) {
		cli_error("compile for what? --microkit is what there is; for "
			  "this machine, use 'weir run', which compiles by "
			  "itself");
		return CLI_USAGE;
	}
	if (!opt->output) {
		cli_error("-o DIR says where the files go");
		return CLI_USAGE;
	}
	sys = cli_topology(argv[0], opt->name, "; nothing was written");
	if (!sys)
		return CLI_FAILED;
	if (!*sys->name) {
		cli_error("%s: a system cannot be called like this file; give "
			  "it a name with -n",
			  argv[0]);
		system_free(sys);
		return CLI_USAGE;
	}
	result = microkit_compile(sys, opt->output, &err);
	if (result)
		text_print(stderr, err, "\n");
	free(err);
	system_free(sys);
	return result ? CLI_FAILED : CLI_OK;
}
