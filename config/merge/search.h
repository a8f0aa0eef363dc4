/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Binary search instead of chains of comparisons.
 */
#ifndef WEIR_CONFIG_MERGE_SEARCH_H
#define WEIR_CONFIG_MERGE_SEARCH_H

#include "config/merge/graph.h"

/**
 * search_balance - the same tree, in which a field that is compared with many
 *                  values is searched for
 * @root: a node of @g
 *
 * Return: a node of @g
 */
uint32_t search_balance(struct graph *g, uint32_t root);

#endif
