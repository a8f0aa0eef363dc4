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

/**
 * check_names - no two switches, and no two ports of one, have the same name
 *
 * The second of two is marked as a duplicate and is not found by name.
 */
void check_names(struct topology *t);

/**
 * check_links - make the ports of links; refuse loops between switches
 */
void check_links(struct topology *t);

/**
 * check_sets - replace settings of ports by those of `set`
 */
void check_sets(struct topology *t);

/**
 * check_switches - neither too few nor too many ports, locks that fit together
 */
void check_switches(struct topology *t);

/**
 * check_ports - each port has an attachment, and only options that go with it
 */
void check_ports(struct topology *t);

/**
 * check_outside - interfaces, sockets and files are each used by one port
 */
void check_outside(struct topology *t);

/**
 * check_vms - driver VMs are whole, and each is used by one port
 */
void check_vms(struct topology *t);

/**
 * check_follows - which port each follows, without going round in circles
 */
void check_follows(struct topology *t);

/**
 * check_hosts - look up the hosts in filters
 */
void check_hosts(struct topology *t);

/**
 * check_captures - what captures watch, and their filters; fills in both
 */
void check_captures(struct topology *t);

/**
 * check_settings - settings that fit together; fills in what is not said
 */
void check_settings(struct topology *t);

/**
 * check_groups - which ports each has; names that mean nothing else
 */
void check_groups(struct topology *t);

/**
 * check_rules - compile filters, spread rules out over pairs of ports
 *
 * Warns of rules that have no effect.
 */
void check_rules(struct topology *t);

/**
 * check_domains - what is merged, and whether one process can take it
 */
void check_domains(struct topology *t);

/**
 * check_pairs - warn of pairs that are allowed and will not work
 */
void check_pairs(struct topology *t);

/**
 * check_lonely - warn of ports and groups no rule names
 *
 * Comes last: it is silent if there is an error anywhere, because the rule that
 * is missing may be the one that was not understood.
 */
void check_lonely(struct topology *t);

/**
 * find_switch - by name
 * @len: octets of @name that count
 *
 * Return: NULL if there is none.
 */
struct topo_switch *find_switch(const struct topology *t, const char *name,
				size_t len);

/**
 * find_port - by name, on one switch
 */
struct topo_port *find_port(const struct topo_switch *sw, const char *name);

/**
 * find_vm - by name
 */
struct topo_vm *find_vm(const struct topology *t, const char *name);

/**
 * find_group - by name
 */
struct topo_group *find_group(const struct topology *t, const char *name);

/**
 * resolve_group - does a name mean a group?
 * @ref:  where ports and groups can be named
 * @slip: out: it means nothing, but is almost a group's name; reported
 *
 * Return: NULL if not.
 */
struct topo_group *resolve_group(struct topology *t, const struct name *ref,
				 bool *slip);

/**
 * resolve_port - what port does a name mean?
 * @home: the switch a bare name is looked for on, or NULL for all of them
 * @ref:  "port" or "switch.port"
 *
 * Return: NULL if none; that has been reported, unless an earlier error may be
 * the reason.
 */
struct topo_port *resolve_port(struct topology *t, struct topo_switch *home,
			       const struct name *ref);

#endif
