/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program for all filters of a pair of ports.
 *
 * A pair's rules are asked in order, first match wins.  A hundred rules "tcp
 * dst port N" would each look at the EtherType, the protocol and the port
 * again.  The merged program asks each question once: it is a decision tree in
 * which a test is left out where an earlier one on the same path has decided
 * it, and in which many comparisons of one field become a binary search.
 *
 *	graph.c		expressions and nodes of the tree, each stored once
 *	facts.c		what is known of a frame on a path
 *	walk.c		filters and facts -> tree, by symbolic execution
 *	search.c	chains of comparisons -> binary search
 *	emit.c		tree -> classic BPF
 *
 * What it returns says how far the rules are decided (policy/image.h), so that
 * a program need not decide everything.  It stops at what is not merged: an
 * instruction that is too general, or a tree that grows beyond its limit.  The
 * switch asks the remaining rules one by one, as it does without a program.
 * The same happens to a frame too short for a load: the program ends with 0,
 * "nothing is decided".  A merged program is therefore only ever a short cut.
 *
 * The limits bound the time of a compilation: trees are exponential at worst.
 * Where too many paths with different facts reach the same place, all further
 * ones share a subtree in which nothing is known.
 */
#ifndef WEIR_CONFIG_MERGE_MERGE_H
#define WEIR_CONFIG_MERGE_MERGE_H

#include "policy/image.h"

/**
 * merge_pairs - add a merged program for each pair that can use one
 * @image: its rules and pairs are complete; out: programs
 *
 * Pairs with the same rules share a program.  A pair gets none if fewer than
 * two of its rules have a filter, or if the image has no room left.
 */
void merge_pairs(struct policy_image *image);

#endif
