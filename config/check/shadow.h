/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules that another one in front of them leaves nothing to decide.
 *
 * A rule can be in the shadow of many others, for many pairs of ports: there is
 * one warning for each of those others, which names the first pair.
 */
#ifndef WEIR_CONFIG_SHADOW_H
#define WEIR_CONFIG_SHADOW_H

#include "config/lang/topology.h"

/**
 * shadow_all - does a rule decide about every frame?
 */
bool shadow_all(const struct topo_rule *rule);

/**
 * shadow_same - do two rules have the same filter?
 */
bool shadow_same(const struct topo_rule *a, const struct topo_rule *b);

struct shadows;

/**
 * shadows_of - begin to collect what a rule is in the shadow of
 */
struct shadows *shadows_of(struct topology *t, const struct topo_rule *rule);

/**
 * shadow_add - the rule has nothing to decide between two ports
 * @by:  because of this one
 * @ref: where the rule names @b
 */
void shadow_add(struct shadows *s, const struct topo_rule *by,
		const struct topo_port *a, const struct topo_port *b,
		const struct name *ref);

/**
 * shadow_report - warn
 */
void shadow_report(const struct shadows *s);

#endif
