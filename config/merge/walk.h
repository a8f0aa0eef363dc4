/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From filters to a tree, by symbolic execution.
 */
#ifndef WEIR_CONFIG_MERGE_WALK_H
#define WEIR_CONFIG_MERGE_WALK_H

#include "config/merge/graph.h"
#include "policy/image.h"

/**
 * struct walk_limits - bounds of one attempt
 * @width: states with different facts at one instruction; further ones share
 *         a state without facts
 * @steps: instructions executed; what remains then is left undecided
 */
struct walk_limits {
	uint32_t width;
	uint32_t steps;
};

/**
 * walk_rules - make the tree of a list of rules
 * @rules:  their numbers in @image, in the order in which they are asked
 * @limits: @steps is counted down
 * @root:   out: a node of @g, whose leaves are what a merged program returns
 *
 * Return: whether it kept to the limits; the tree can be used in any case.
 */
bool walk_rules(struct graph *g, const struct policy_image *image,
		const uint16_t *rules, uint32_t n, struct walk_limits *limits,
		uint32_t *root);

#endif
