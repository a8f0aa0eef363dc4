/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checks: everything about a topology that is no matter of grammar.
 *
 * They run one after another over the whole topology, each relying on what
 * those before it have filled in, and go on after errors.  A topology that
 * passes all of them can be built without a further question.
 */
#ifndef WEIR_CONFIG_CHECK_H
#define WEIR_CONFIG_CHECK_H

#include "config/lang/topology.h"

/**
 * check_topology - all checks, in order
 */
void check_topology(struct topology *t);

/* Makes names known; the second of two that have the same is not found. */
void check_names(struct topology *t);
/* Makes the ports of links; refuses loops between switches. */
void check_links(struct topology *t);
/* Replaces settings of ports by those of `set`. */
void check_sets(struct topology *t);
/* Neither too few nor too many ports, locks that fit together. */
void check_switches(struct topology *t);
/* Each port has an attachment, only options that go with it, a path alone. */
void check_ports(struct topology *t);
/* Driver VMs are whole, and each is used by one port. */
void check_vms(struct topology *t);
/* Which port each follows, without going round in circles. */
void check_follows(struct topology *t);
/* What captures watch, and their filters; fills in both. */
void check_captures(struct topology *t);
/* Settings that fit together; fills in what is not said. */
void check_settings(struct topology *t);
/* Which ports each group has; names that mean nothing else. */
void check_groups(struct topology *t);
/* Compiles filters, spreads rules out over pairs of ports; the shadowed. */
void check_rules(struct topology *t);
/* What is merged. */
void check_domains(struct topology *t);
/* Warns of pairs that are allowed and will not work, and what no rule names. */
void check_pairs(struct topology *t);

/* By name, which may be NULL; NULL if there is none, of several the first. */
struct topo_switch *find_switch(const struct topology *t, const char *name);
struct topo_group *find_group(const struct topology *t, const char *name);
struct topo_vm *find_vm(const struct topology *t, const char *name);
/* @sw: NULL: on any. */
struct topo_port *find_port(const struct topology *t,
			    const struct topo_switch *sw, const char *name);

/* Makes a port known that a link has made. */
void know_port(struct topology *t, struct topo_port *port);
/* Reports a group called as something else a rule could mean. */
void check_group_name(struct topology *t, const struct topo_group *group);
/* Says that there is none of that name, and which there are. */
void unknown_vm(struct topology *t, const struct name *ref);
/* A bare name nothing has: is it almost a switch's?  That is reported. */
bool is_slip_for_switch(struct topology *t, const struct name *ref);

/**
 * resolve_group - does a name mean a group?
 * @slip: out: it means nothing, but is almost a group's name; reported
 *
 * Return: NULL if not.
 */
struct topo_group *resolve_group(struct topology *t, const struct name *ref,
				 bool *slip);

/**
 * resolve_port - what port does a name mean, "port" or "switch.port"?
 * @home: the switch a bare name is looked for on, or NULL for all of them
 *
 * Return: NULL if none; that has been reported, unless an earlier error may be
 * the reason.
 */
struct topo_port *resolve_port(struct topology *t,
			       const struct topo_switch *home,
			       const struct name *ref);

/* One pair more to tell of. */
void pairs_add(struct topo_pairs *pairs, const struct topo_port *a,
	       const struct topo_port *b);
/* "s.a -> s.b (and 2 more)" */
const char *pairs_shown(struct topology *t, const struct topo_rule *rule,
			const struct topo_pairs *pairs);

#endif
