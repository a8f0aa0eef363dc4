/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libpd.a adds to a program to make it a client PD: main(), and a table of
 * components that holds only the program.
 *
 * See client/pd.h.
 */
#include <stdio.h>
#include <string.h>

#include "client/pd.h"
#include "vmm/linux/pd/main.h"

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_PROGRAM] = &program_ops,
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--pd") == 0)
		pd_main();
	fprintf(stderr,
		"%s: this is a client PD, which only a topology can start: "
		"port NAME { program \"PATH\" }, then weir run FILE\n",
		argc > 0 ? argv[0] : "program");
	return 2;
}
