/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules that another one in front of them leaves nothing to decide.
 *
 * A rule can be in the shadow of many others, for many pairs of ports: there is
 * one warning for each of those others, which names the first pair.
 */
#ifndef WEIR_CONFIG_SHADOW_H
#define WEIR_CONFIG_SHADOW_H

#include "config/check/check.h"

/* Pairs a rule has nothing to decide between because of another. */
struct shadow {
	struct shadow *next;
	const struct topo_rule *by;
	struct topo_pairs pairs;
	struct pos at; /* where the rule names the first of them */
};

/**
 * shadow_add - a rule has nothing to decide between two ports
 * @list: what it is in the shadow of
 * @by:   because of this one
 * @ref:  where the rule names @b
 */
void shadow_add(struct topology *t, struct shadow **list,
		const struct topo_rule *by, const struct topo_port *a,
		const struct topo_port *b, const struct name *ref);

/**
 * shadow_report - warn
 */
void shadow_report(struct topology *t, const struct topo_rule *rule,
		   const struct shadow *list);

#endif
