/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of the steps.  Indices are handed out in the order of the topology,
 * so the same topology always gives the same system, to the octet.
 */
#include "config/build.h"

#include <stdio.h>

struct system *build_system(struct topology *t, const char *name)
{
	struct system *sys = must_alloc(1, sizeof(*sys));

	build_copy(sys->name, name);
	build_macs(t, name);
	build_pds(sys, t);
	build_conns(sys, t);
	build_maps(sys, t);
	return sys;
}

bool build_has_pd(const struct topo_port *port)
{
	return port->kind != TO_LINK && port->kind != TO_ATTACH;
}
