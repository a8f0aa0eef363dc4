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

#include "config/topology.h"

/**
 * check_topology - all checks, in order
 */
void check_topology(struct topology *t);

/* The single ones.  Names: no two switches or ports have the same. */
void check_names(struct topology *t);
/* Links: their ports are made; no loops. */
void check_links(struct topology *t);
/* Switches: neither too few nor too many ports, locks that fit. */
void check_switches(struct topology *t);
/* Ports: one attachment, options that go with it. */
void check_ports(struct topology *t);
/* Captures: what they watch, their filters. */
void check_captures(struct topology *t);
/* Interfaces, sockets and files: each used once. */
void check_outside(struct topology *t);
/* Allow rules, to bitmaps. */
void check_allows(struct topology *t);
/* Domains: members, and what one process can take. */
void check_domains(struct topology *t);
/* Ports no rule names; last, for it warns only of what is right otherwise. */
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
