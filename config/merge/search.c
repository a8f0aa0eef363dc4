/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparisons of one field that follow one another divide its values into
 * ranges, each with a node of its own.  A balanced tree over these ranges gives
 * the same answers.
 */
#include "config/merge/search.h"

#include <stdlib.h>

#include "config/lang/arena.h"
#include "policy/cbpf_op.h"

/* Ranges a field may be divided into, or it is left as it is. */
#define RANGES_MAX 4096u
/* With fewer of them a chain is as good. */
#define RANGES_MIN 5u
/* Nodes that are looked at for them. */
#define LOOKS_MAX 200000u

struct range {
	uint32_t lo;
	uint32_t hi;
	uint32_t node;
};

/**
 * struct search - one field
 * @expr: the field
 * @range: in ascending order, without gaps
 * @looks: nodes looked at
 */
struct search {
	struct graph *g;
	uint32_t expr;
	struct range *range;
	uint32_t n;
	uint32_t looks;
};

/**
 * struct balance - what has been done
 * @done: by node: its balanced one, plus one
 */
struct balance {
	struct graph *g;
	uint32_t *done;
};

/* --- dividing ------------------------------------------------------------- */

static bool compares(const struct search *s, const struct node *node)
{
	return node->kind == NODE_TEST && node->expr == s->expr &&
	       node->op != BPF_JSET;
}

static void add_range(struct search *s, uint32_t lo, uint32_t hi, uint32_t node)
{
	if (s->n && s->range[s->n - 1].node == node)
		s->range[s->n - 1].hi = hi;
	else if (s->n < RANGES_MAX)
		s->range[s->n++] = (struct range){ lo, hi, node };
	else
		s->looks = LOOKS_MAX;
}

/* NOLINTBEGIN(misc-no-recursion): LOOKS_MAX bounds it. */
static void divide(struct search *s, uint32_t lo, uint32_t hi, uint32_t node);

static int by_value(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return x->hi < y->hi ? -1 : 1;
}

/*
 * A chain of "equal to k?": its values within [@lo, @hi], in ascending order,
 * and the node all others lead to.  @hi of what is found is its place in the
 * chain: of a value that is asked for twice, the first answer counts.
 */
static struct range *chain_of(struct search *s, uint32_t lo, uint32_t hi,
			      uint32_t *node, uint32_t *n)
{
	struct range *found = must_alloc(RANGES_MAX, sizeof(*found));
	struct node test = graph_node_of(s->g, *node);

	for (*n = 0; compares(s, &test) && test.op == BPF_JEQ &&
		     *n < RANGES_MAX && s->looks < LOOKS_MAX;
	     s->looks++) {
		if (test.k >= lo && test.k <= hi) {
			found[*n] = (struct range){ test.k, *n, test.yes };
			++*n;
		}
		*node = test.no;
		test = graph_node_of(s->g, *node);
	}
	qsort(found, *n, sizeof(*found), by_value);
	return found;
}

static void divide_chain(struct search *s, uint32_t lo, uint32_t hi,
			 uint32_t node)
{
	uint32_t n;
	struct range *chain = chain_of(s, lo, hi, &node, &n);
	uint64_t from = lo;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = chain[i].lo;

		if (k < from)
			continue;
		if (from < k)
			divide(s, (uint32_t)from, k - 1, node);
		divide(s, k, k, chain[i].node);
		from = (uint64_t)k + 1;
	}
	if (from <= hi)
		divide(s, (uint32_t)from, hi, node);
	free(chain);
}

/* Values from @k on lead to @yes, others to @no. */
static void divide_at(struct search *s, uint32_t lo, uint32_t hi, uint64_t k,
		      const struct node *test)
{
	if (k > lo)
		divide(s, lo, k > hi ? hi : (uint32_t)k - 1, test->no);
	if (k <= hi)
		divide(s, k > lo ? (uint32_t)k : lo, hi, test->yes);
}

static void divide(struct search *s, uint32_t lo, uint32_t hi, uint32_t node)
{
	struct node test = graph_node_of(s->g, node);

	if (!compares(s, &test) || s->looks >= LOOKS_MAX) {
		add_range(s, lo, hi, node);
		return;
	}
	s->looks++;
	if (test.op == BPF_JEQ)
		divide_chain(s, lo, hi, node);
	else
		divide_at(s, lo, hi, (uint64_t)test.k + (test.op == BPF_JGT),
			  &test);
}

/* NOLINTEND(misc-no-recursion) */

/* --- building ------------------------------------------------------------- */

static bool is_single(const struct range *r)
{
	return r->lo == r->hi;
}

static uint32_t test(struct search *s, uint32_t op, uint32_t k, uint32_t yes,
		     uint32_t no)
{
	return graph_test(s->g, (struct node){ .op = op,
					       .expr = s->expr,
					       .k = k,
					       .yes = yes,
					       .no = no });
}

/* NOLINTBEGIN(misc-no-recursion): half as many ranges each time. */
/* A tree over @n ranges; their nodes are balanced already. */
static uint32_t build(struct search *s, const struct range *r, uint32_t n)
{
	uint32_t mid = n / 2;

	if (n == 1)
		return r->node;
	if (n == 2 && is_single(&r[0]))
		return test(s, BPF_JEQ, r[0].lo, r[0].node, r[1].node);
	if (n == 2 && is_single(&r[1]))
		return test(s, BPF_JEQ, r[1].lo, r[1].node, r[0].node);
	if (n == 3 && is_single(&r[1]) && r[0].node == r[2].node)
		return test(s, BPF_JEQ, r[1].lo, r[1].node, r[0].node);
	return test(s, BPF_JGE, r[mid].lo, build(s, r + mid, n - mid),
		    build(s, r, mid));
}

/* NOLINTEND(misc-no-recursion) */

/* NOLINTBEGIN(misc-no-recursion): a tree is as deep as walk.c allows. */
static uint32_t balance(struct balance *b, uint32_t number);

static uint32_t balance_plainly(struct balance *b, struct node node)
{
	uint32_t no = balance(b, node.no);

	if (node.kind == NODE_LOAD)
		return graph_load(b->g, node.expr, no);
	node.no = no;
	node.yes = balance(b, node.yes);
	return graph_test(b->g, node);
}

static uint32_t balance_search(struct balance *b, uint32_t number,
			       struct node node)
{
	struct search s = { .g = b->g, .expr = node.expr };
	uint32_t found;

	s.range = must_alloc(RANGES_MAX, sizeof(*s.range));
	divide(&s, 0, UINT32_MAX, number);
	if (s.looks >= LOOKS_MAX || s.n < RANGES_MIN) {
		free(s.range);
		return balance_plainly(b, node);
	}
	/* Deep trees would otherwise keep many arrays of full size. */
	s.range = must_realloc(s.range, s.n * sizeof(*s.range));
	for (uint32_t i = 0; i < s.n; i++)
		s.range[i].node = balance(b, s.range[i].node);
	found = build(&s, s.range, s.n);
	free(s.range);
	return found;
}

static uint32_t balance(struct balance *b, uint32_t number)
{
	struct node node = graph_node_of(b->g, number);
	uint32_t found;

	if (node.kind == NODE_LEAF)
		return number;
	if (b->done[number])
		return b->done[number] - 1;
	if (node.kind == NODE_TEST && node.op != BPF_JSET)
		found = balance_search(b, number, node);
	else
		found = balance_plainly(b, node);
	b->done[number] = found + 1;
	return found;
}

/* NOLINTEND(misc-no-recursion) */

uint32_t search_balance(struct graph *g, uint32_t root)
{
	struct balance b = { .g = g };
	uint32_t found;

	b.done = must_alloc(g->nodes.n, sizeof(*b.done));
	found = balance(&b, root);
	free(b.done);
	return found;
}
