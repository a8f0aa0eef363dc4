/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of the checks.  Names come first because all others look things up;
 * links next because they make ports; allow rules after everything that says
 * what a port is.
 */
#include "config/check.h"

void check_topology(struct topology *t)
{
	check_names(t);
	check_links(t);
	check_switches(t);
	check_ports(t);
	check_outside(t);
	check_vms(t);
	check_follows(t);
	check_captures(t);
	check_allows(t);
	check_domains(t);
	check_lonely(t);
}
