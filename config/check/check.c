/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of the checks.  Names come first because all others look things up;
 * links next because they make ports; changes of settings before anything that
 * looks at them; rules after everything that says what a port is.
 */
#include "config/check/check.h"

#include "config/check/filter.h"

void check_topology(struct topology *t)
{
	check_names(t);
	check_links(t);
	check_sets(t);
	check_switches(t);
	check_ports(t);
	check_disks(t);
	check_vms(t);
	check_follows(t);
	filter_ask_all(t);
	check_captures(t);
	check_settings(t);
	check_groups(t);
	check_rules(t);
	check_domains(t);
	check_placements(t);
	check_pairs(t);
}
