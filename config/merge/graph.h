/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What merging works on: expressions, and a tree of tests whose equal subtrees
 * are shared.
 *
 * Both are stored in interning tables: equal ones have equal numbers.
 */
#ifndef WEIR_CONFIG_MERGE_GRAPH_H
#define WEIR_CONFIG_MERGE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct intern - sequences of words, each stored once; all zero: empty
 * @words:  one after another
 * @item:   by number: where it begins in @words; one more ends the last
 * @n:      how many there are
 * @slot:   hash table of numbers plus one
 * @n_slots: a power of two
 */
struct intern {
	uint32_t *words;
	uint32_t *item;
	uint32_t *slot;
	size_t words_size;
	size_t item_size;
	uint32_t n;
	uint32_t n_slots;
};

/**
 * intern - the number of a sequence; it is added if it is new
 */
uint32_t intern(struct intern *t, const uint32_t *words, uint32_t n);

/**
 * intern_get - the words of a number, until the next one is added
 */
const uint32_t *intern_get(const struct intern *t, uint32_t number,
			   uint32_t *n);

void intern_free(struct intern *t);

/* What the registers of a filter can hold. */
enum expr_kind {
	EXPR_CONST, /* k */
	EXPR_ABS,   /* the frame's bytes at k; op: BPF_W, BPF_H, BPF_B */
	EXPR_IND,   /* likewise, at (of) + k */
	EXPR_MSH,   /* 4 * (byte at k & 15): the length of an IPv4 header */
	EXPR_LEN,   /* the frame's length */
	EXPR_ALU,   /* (of) op k */
};

/**
 * struct expr - an expression
 * @op: see above
 * @of: the expression it is made from
 * @k:  see above
 */
struct expr {
	uint32_t kind;
	uint32_t op;
	uint32_t of;
	uint32_t k;
};

enum node_kind {
	NODE_LEAF, /* return k */
	NODE_LOAD, /* expr can be loaded, or the program ends; then no */
	NODE_TEST, /* (expr) op k? yes : no */
};

/**
 * struct node - a node of the tree
 * @op: BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET
 */
struct node {
	uint32_t kind;
	uint32_t op;
	uint32_t expr;
	uint32_t k;
	uint32_t yes;
	uint32_t no;
};

/**
 * struct graph - all there is; all zero: empty
 */
struct graph {
	struct intern exprs;
	struct intern nodes;
};

/**
 * graph_expr - the number of an expression; constants are folded
 */
uint32_t graph_expr(struct graph *g, struct expr e);

/**
 * graph_expr_of - an expression by its number
 */
struct expr graph_expr_of(const struct graph *g, uint32_t expr);

/**
 * graph_const - the number of a constant; that of 0 is 0
 */
uint32_t graph_const(struct graph *g, uint32_t k);

/**
 * graph_is_const - whether an expression is a constant, and which
 */
bool graph_is_const(const struct graph *g, uint32_t expr, uint32_t *k);

uint32_t graph_leaf(struct graph *g, uint32_t value);
uint32_t graph_load(struct graph *g, uint32_t expr, uint32_t next);

/**
 * graph_test - the number of a test; if both ways lead to one node, that one's
 */
uint32_t graph_test(struct graph *g, struct node test);

struct node graph_node_of(const struct graph *g, uint32_t node);

void graph_init(struct graph *g);
void graph_free(struct graph *g);

#endif
