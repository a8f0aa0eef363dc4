/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checks: what a topology must satisfy beyond its grammar.
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
/* Each disk is in one thing and used, no two guests write the same bytes. */
void check_disks(struct topology *t);
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
/* What runs where, which depends on what is merged. */
void check_placements(struct topology *t);
/* Warns of pairs that are allowed and will not work, and what no rule names. */
void check_pairs(struct topology *t);

enum sort {
	A_SWITCH = 1,
	A_PORT = 2,
	A_VM = 4,
	A_DOMAIN = 8,
	A_GROUP = 16,
	A_DISK = 32
};

/* A name that means something. */
struct topo_known {
	struct topo_known *next;
	enum sort sort;
	const struct name *name;
	void *thing;
	bool *broken;
	const struct topo_switch *sw; /* of a port */
};

/**
 * find_thing - by name
 * @sw:   ports: on this switch; NULL: on any
 * @text: may be NULL
 *
 * Return: NULL if there is none; of several the first.
 */
void *find_thing(const struct topology *t, enum sort sort,
		 const struct topo_switch *sw, const char *text);

/* What a name means, if it is something of this sort; @k may be NULL. */
void *thing_of(const struct topo_known *k, enum sort sort);

/* Makes a port known that a link has made. */
void know_port(struct topology *t, struct topo_port *port);
/* Reports a group called as something else a rule could mean. */
void check_group_name(struct topology *t, const struct topo_group *group);
/**
 * resolve - what does a name mean?
 * @sorts: what can be named here
 * @home:  the switch a bare port's name is looked for on, or NULL for all
 * @ref:   "port" or "switch.port", or another thing's name
 *
 * Return: NULL if nothing; that has been reported, unless an earlier error may
 * be the reason.
 */
const struct topo_known *resolve(struct topology *t, unsigned int sorts,
				 const struct topo_switch *home,
				 const struct name *ref);
/* Likewise, a port. */
struct topo_port *resolve_port(struct topology *t,
			       const struct topo_switch *home,
			       const struct name *ref);
/*
 * Likewise, another port of the same switch, but not a capture.
 * @does: "a capture watches"; @meant: what to do if @ref is @port itself
 */
struct topo_port *resolve_other(struct topology *t,
				const struct topo_port *port, const char *does,
				const char *meant, const struct name *ref);

/* One pair more to tell of. */
void pairs_add(struct topo_pairs *pairs, const struct topo_port *a,
	       const struct topo_port *b);
/* "s.a -> s.b (and 2 more)" */
const char *pairs_shown(struct topology *t, const struct topo_rule *rule,
			const struct topo_pairs *pairs);

#endif
