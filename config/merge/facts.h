/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a frame on a path: of each expression that was tested, its
 * range and the values it does not have; how far loads have succeeded.
 *
 * Facts never change: learning makes new ones.  They are canonical, so that
 * paths that know the same have equal facts, whatever they tested.
 */
#ifndef WEIR_CONFIG_MERGE_FACTS_H
#define WEIR_CONFIG_MERGE_FACTS_H

#include "config/merge/graph.h"

/**
 * struct facts - by expression, in ascending order of their numbers
 * @n:    words
 * @word: one struct fact after another
 */
struct facts {
	uint32_t n;
	uint32_t word[];
};

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

/**
 * facts_none - nothing is known
 *
 * Return: to be freed, like all other facts.
 */
struct facts *facts_none(void);

/**
 * facts_answer - is the answer to a test known?
 * @test: its @op, @expr and @k
 */
enum answer facts_answer(const struct graph *g, const struct facts *f,
			 const struct node *test);

/**
 * facts_learn - the answer to a test is @yes
 */
struct facts *facts_learn(const struct graph *g, const struct facts *f,
			  const struct node *test, bool yes);

/**
 * facts_loaded - is it known that this can be loaded from the frame?
 * @expr: EXPR_ABS, EXPR_IND or EXPR_MSH; anything else can be
 */
bool facts_loaded(const struct graph *g, const struct facts *f, uint32_t expr);

/**
 * facts_load - it was loaded
 */
struct facts *facts_load(const struct graph *g, const struct facts *f,
			 uint32_t expr);

#endif
