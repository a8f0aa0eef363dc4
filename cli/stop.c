/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir stop.  It returns when the instance has ended: the next command of a
 * script may need the same interfaces.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/control.h"
#include "cli/text.h"

enum cli_exit cli_stop(const struct cli_options *opt, int argc, char **argv)
{
	const char *name = argc ? argv[0] : opt->name;
	struct control to;

	if (argc && opt->name && strcmp(argv[0], opt->name)) {
		cli_error("stop %s or %s? Name one", argv[0], opt->name);
		return CLI_USAGE;
	}
	if (instance_find(name, &to) || control_ask_stop(&to, opt))
		return CLI_FAILED;
	return CLI_OK;
}
