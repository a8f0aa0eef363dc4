/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/merge/graph.h"

#include <stdlib.h>
#include <string.h>

#include "config/lang/arena.h"
#include "policy/cbpf_op.h"

/* --- interning ------------------------------------------------------------ */

static void *grown(void *array, size_t *size, size_t needed, size_t each)
{
	if (needed <= *size)
		return array;
	*size = 2 * needed + 64;
	return must_realloc(array, *size * each);
}

static uint32_t hash_words(const uint32_t *words, uint32_t n)
{
	uint64_t h = 0xcbf29ce484222325ull ^ n;

	for (uint32_t i = 0; i < n; i++)
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15ull >> 1;
	return (uint32_t)(h ^ h >> 29);
}

const uint32_t *intern_get(const struct intern *t, uint32_t number, uint32_t *n)
{
	*n = t->item[number + 1] - t->item[number];
	return t->words + t->item[number];
}

/* The slot of a sequence, or the one it belongs into. */
static uint32_t *slot_of(const struct intern *t, const uint32_t *words,
			 uint32_t n)
{
	uint32_t at = hash_words(words, n) & (t->n_slots - 1);

	for (; t->slot[at]; at = (at + 1) & (t->n_slots - 1)) {
		uint32_t other_n;
		const uint32_t *other =
			intern_get(t, t->slot[at] - 1, &other_n);

		if (other_n == n &&
		    memcmp(other, words, n * sizeof(*words)) == 0)
			break;
	}
	return &t->slot[at];
}

static void rehash(struct intern *t)
{
	t->n_slots = t->n_slots ? 2 * t->n_slots : 256;
	free(t->slot);
	t->slot = must_alloc(t->n_slots, sizeof(*t->slot));
	for (uint32_t i = 0; i < t->n; i++) {
		uint32_t n;
		const uint32_t *words = intern_get(t, i, &n);

		*slot_of(t, words, n) = i + 1;
	}
}

uint32_t intern(struct intern *t, const uint32_t *words, uint32_t n)
{
	uint32_t *slot, at;

	if (2 * t->n >= t->n_slots)
		rehash(t);
	slot = slot_of(t, words, n);
	if (*slot)
		return *slot - 1;
	t->item = grown(t->item, &t->item_size, t->n + 2, sizeof(*t->item));
	at = t->n ? t->item[t->n] : 0;
	t->words = grown(t->words, &t->words_size, (size_t)at + n,
			 sizeof(*t->words));
	memcpy(t->words + at, words, n * sizeof(*words));
	t->item[t->n] = at;
	t->item[t->n + 1] = at + n;
	*slot = ++t->n;
	return t->n - 1;
}

void intern_free(struct intern *t)
{
	free(t->words);
	free(t->item);
	free(t->slot);
	*t = (struct intern){ .n = 0 };
}

/* --- expressions ---------------------------------------------------------- */

#define WORDS(type) (sizeof(type) / sizeof(uint32_t))

struct expr graph_expr_of(const struct graph *g, uint32_t expr)
{
	struct expr e;
	uint32_t n;

	memcpy(&e, intern_get(&g->exprs, expr, &n), sizeof(e));
	return e;
}

bool graph_is_const(const struct graph *g, uint32_t expr, uint32_t *k)
{
	struct expr e = graph_expr_of(g, expr);

	*k = e.k;
	return e.kind == EXPR_CONST;
}

uint32_t graph_expr(struct graph *g, struct expr e)
{
	uint32_t words[WORDS(e)], a;

	if (e.kind == EXPR_ALU && graph_is_const(g, e.of, &a))
		e = (struct expr){ .kind = EXPR_CONST,
				   .k = cbpf_alu(e.op, a, e.k) };
	memcpy(words, &e, sizeof(e));
	return intern(&g->exprs, words, WORDS(e));
}

uint32_t graph_const(struct graph *g, uint32_t k)
{
	return graph_expr(g, (struct expr){ .kind = EXPR_CONST, .k = k });
}

/* --- nodes ---------------------------------------------------------------- */

static uint32_t add_node(struct graph *g, struct node node)
{
	uint32_t words[WORDS(node)];

	memcpy(words, &node, sizeof(node));
	return intern(&g->nodes, words, WORDS(node));
}

struct node graph_node_of(const struct graph *g, uint32_t node)
{
	struct node found;
	uint32_t n;

	memcpy(&found, intern_get(&g->nodes, node, &n), sizeof(found));
	return found;
}

uint32_t graph_leaf(struct graph *g, uint32_t value)
{
	return add_node(g, (struct node){ .kind = NODE_LEAF, .k = value });
}

uint32_t graph_load(struct graph *g, uint32_t expr, uint32_t next)
{
	return add_node(g, (struct node){ .kind = NODE_LOAD,
					  .expr = expr,
					  .no = next });
}

uint32_t graph_test(struct graph *g, struct node test)
{
	if (test.yes == test.no)
		return test.no;
	test.kind = NODE_TEST;
	return add_node(g, test);
}

/* --- making and unmaking -------------------------------------------------- */

void graph_init(struct graph *g)
{
	*g = (struct graph){ .exprs.n = 0 };
	graph_const(g, 0);
}

void graph_free(struct graph *g)
{
	intern_free(&g->exprs);
	intern_free(&g->nodes);
}
