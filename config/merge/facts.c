/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/merge/facts.h"

#include <stdlib.h>
#include <string.h>

#include "config/lang/arena.h"
#include "policy/cbpf_op.h"

/* More values than this that a field does not have are forgotten. */
#define NOTS_MAX 1024u

/**
 * struct fact - what is known of one expression
 * @loaded:   loads of bytes before (expr) + loaded succeed; of the constant 0:
 *            of bytes at constant places
 * @lo, @hi:  its range
 * @zero, @one: bits known to be clear, and set
 * @any:      at least one of these is set; 0: nothing is known
 * @n_not:    values within the range that it does not have: in ascending
 *            order, neither @lo nor @hi among them
 */
struct fact {
	uint32_t expr;
	uint32_t loaded;
	uint32_t lo;
	uint32_t hi;
	uint32_t zero;
	uint32_t one;
	uint32_t any;
	uint32_t n_not;
};

#define FACT_WORDS (sizeof(struct fact) / sizeof(uint32_t))

struct facts *facts_none(void)
{
	return must_alloc(1, sizeof(struct facts));
}

/* --- finding -------------------------------------------------------------- */

/* The largest value an expression can have, whatever the frame. */
static uint32_t largest(const struct graph *g, uint32_t expr)
{
	struct expr e = graph_expr_of(g, expr);

	switch (e.kind) {
	case EXPR_CONST:
		return e.k;
	case EXPR_ABS:
	case EXPR_IND:
		if (e.op == BPF_W)
			return UINT32_MAX;
		return e.op == BPF_H ? 0xffff : 0xff;
	case EXPR_MSH:
		return 60;
	case EXPR_ALU:
		return e.op == BPF_AND ? e.k : UINT32_MAX;
	default:
		return UINT32_MAX;
	}
}

/* Where the fact of an expression is, or belongs. */
static uint32_t place_of(const struct facts *f, uint32_t expr, bool *found)
{
	uint32_t at = 0;

	*found = false;
	while (at < f->n && f->word[at] < expr)
		at += FACT_WORDS + f->word[at + FACT_WORDS - 1];
	*found = at < f->n && f->word[at] == expr;
	return at;
}

static struct fact fact_of(const struct graph *g, const struct facts *f,
			   uint32_t expr, const uint32_t **nots)
{
	struct fact fact = { .expr = expr, .hi = largest(g, expr) };
	bool found;
	uint32_t at = place_of(f, expr, &found);

	*nots = NULL;
	if (graph_expr_of(g, expr).kind == EXPR_CONST)
		fact.lo = fact.hi;
	if (!found)
		return fact;
	memcpy(&fact, f->word + at, sizeof(fact));
	*nots = f->word + at + FACT_WORDS;
	return fact;
}

static bool is_among(uint32_t k, const uint32_t *nots, uint32_t n)
{
	uint32_t from = 0;

	while (n) {
		uint32_t half = n / 2;

		if (nots[from + half] == k)
			return true;
		if (nots[from + half] < k) {
			from += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return false;
}

/* --- answers -------------------------------------------------------------- */

static enum answer answer_of(bool yes, bool no)
{
	if (yes)
		return ANSWER_YES;
	return no ? ANSWER_NO : ANSWER_UNKNOWN;
}

/* Does a known (expr & mask) differ from what it were if expr was k? */
static bool masked_differs(const struct graph *g, const struct facts *f,
			   uint32_t expr, uint32_t k)
{
	struct fact fact;

	for (uint32_t at = 0; at < f->n; at += FACT_WORDS + fact.n_not) {
		struct expr e;

		memcpy(&fact, f->word + at, sizeof(fact));
		e = graph_expr_of(g, fact.expr);
		if (e.kind == EXPR_ALU && e.op == BPF_AND && e.of == expr &&
		    ((k & e.k) < fact.lo || (k & e.k) > fact.hi ||
		     is_among(k & e.k, f->word + at + FACT_WORDS, fact.n_not)))
			return true;
	}
	return false;
}

static enum answer equal(const struct graph *g, const struct facts *f,
			 const struct fact *fact, const uint32_t *nots,
			 uint32_t k)
{
	return answer_of(fact->lo == fact->hi && fact->lo == k,
			 k < fact->lo || k > fact->hi || (k & fact->zero) ||
				 (~k & fact->one) ||
				 (fact->any && !(k & fact->any)) ||
				 is_among(k, nots, fact->n_not) ||
				 masked_differs(g, f, fact->expr, k));
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the filter is long. */
/* An expression whose operand is known is known. */
static bool computed(const struct graph *g, const struct facts *f,
		     uint32_t expr, uint32_t *value)
{
	struct expr e = graph_expr_of(g, expr);
	const uint32_t *nots;
	struct fact fact = fact_of(g, f, expr, &nots);

	*value = fact.lo;
	if (fact.lo == fact.hi)
		return true;
	if (e.kind != EXPR_ALU || !computed(g, f, e.of, value))
		return false;
	*value = cbpf_alu(e.op, *value, e.k);
	return true;
}

/* NOLINTEND(misc-no-recursion) */

enum answer facts_answer(const struct graph *g, const struct facts *f,
			 const struct node *test)
{
	const uint32_t *nots;
	struct fact fact = fact_of(g, f, test->expr, &nots);
	uint32_t k = test->k, value;

	if (computed(g, f, test->expr, &value)) {
		fact.lo = fact.hi = value;
		fact.one = value;
		fact.zero = ~value;
	}
	switch (test->op) {
	case BPF_JEQ:
		return equal(g, f, &fact, nots, k);
	case BPF_JGT:
		return answer_of(fact.lo > k, fact.hi <= k);
	case BPF_JGE:
		return answer_of(fact.lo >= k, fact.hi < k);
	default:
		return answer_of((fact.one & k) ||
					 (fact.any && !(fact.any & ~k)),
				 (k & ~fact.zero) == 0);
	}
}

/* --- learning ------------------------------------------------------------- */

/* @f with another fact of its expression. */
static struct facts *replaced(const struct facts *f, const struct fact *fact,
			      const uint32_t *nots)
{
	bool found;
	uint32_t at = place_of(f, fact->expr, &found);
	uint32_t n = FACT_WORDS + fact->n_not, after = at;
	struct facts *to;

	if (found)
		after += FACT_WORDS + f->word[at + FACT_WORDS - 1];
	to = must_alloc(1, sizeof(*to) + (f->n + n) * sizeof(to->word[0]));
	to->n = at + n + (f->n - after);
	memcpy(to->word, f->word, at * sizeof(to->word[0]));
	memcpy(to->word + at, fact, sizeof(*fact));
	if (fact->n_not)
		memcpy(to->word + at + FACT_WORDS, nots,
		       fact->n_not * sizeof(to->word[0]));
	memcpy(to->word + at + n, f->word + after,
	       (f->n - after) * sizeof(to->word[0]));
	return to;
}

/* Move the ends of the range past values it does not have. */
static void tighten(struct fact *fact, uint32_t *nots)
{
	uint32_t first = 0, n = fact->n_not;

	while (first < n && nots[first] <= fact->lo) {
		if (nots[first] == fact->lo)
			fact->lo++;
		first++;
	}
	while (n > first && nots[n - 1] >= fact->hi) {
		if (nots[n - 1] == fact->hi)
			fact->hi--;
		n--;
	}
	fact->n_not = n - first;
	memmove(nots, nots + first, fact->n_not * sizeof(*nots));
}

static void exclude(struct fact *fact, uint32_t *nots, uint32_t k)
{
	uint32_t at = fact->n_not;

	if (at == NOTS_MAX)
		return;
	while (at && nots[at - 1] > k)
		at--;
	memmove(nots + at + 1, nots + at, (fact->n_not - at) * sizeof(*nots));
	nots[at] = k;
	fact->n_not++;
}

/* The answer is possible, so that the range does not become empty. */
static void narrow(struct fact *fact, uint32_t *nots, const struct node *test,
		   bool yes)
{
	uint32_t k = test->k;

	switch (test->op) {
	case BPF_JEQ:
		if (yes)
			fact->lo = fact->hi = k;
		else
			exclude(fact, nots, k);
		break;
	case BPF_JGT:
		if (yes)
			fact->lo = k + 1;
		else
			fact->hi = k;
		break;
	case BPF_JGE:
		if (yes)
			fact->lo = k;
		else
			fact->hi = k - 1;
		break;
	default:
		if (!yes)
			fact->zero |= k;
		else if ((k & (k - 1)) == 0)
			fact->one |= k;
		else
			fact->any = k;
		break;
	}
}

struct facts *facts_learn(const struct graph *g, const struct facts *f,
			  const struct node *test, bool yes)
{
	uint32_t nots[NOTS_MAX + 1];
	const uint32_t *had;
	struct fact fact = fact_of(g, f, test->expr, &had);

	if (fact.n_not)
		memcpy(nots, had, fact.n_not * sizeof(*nots));
	narrow(&fact, nots, test, yes);
	tighten(&fact, nots);
	return replaced(f, &fact, nots);
}

/* --- loads ---------------------------------------------------------------- */

/* What a load's place is counted from, and the end of the load. */
static uint32_t base_of(const struct graph *g, uint32_t expr, uint64_t *end)
{
	struct expr e = graph_expr_of(g, expr);

	*end = (uint64_t)e.k + (e.op == BPF_W ? 4 : e.op == BPF_H ? 2 : 1);
	if (e.kind == EXPR_MSH)
		*end = (uint64_t)e.k + 1;
	else if (e.kind != EXPR_ABS && e.kind != EXPR_IND)
		*end = 0;
	return e.kind == EXPR_IND ? e.of : 0;
}

bool facts_loaded(const struct graph *g, const struct facts *f, uint32_t expr)
{
	const uint32_t *nots;
	uint64_t end;
	uint32_t base = base_of(g, expr, &end);

	return end <= fact_of(g, f, base, &nots).loaded;
}

struct facts *facts_load(const struct graph *g, const struct facts *f,
			 uint32_t expr)
{
	const uint32_t *nots;
	uint64_t end;
	uint32_t base = base_of(g, expr, &end);
	struct fact fact = fact_of(g, f, base, &nots);

	if (end > fact.loaded && end <= UINT32_MAX)
		fact.loaded = (uint32_t)end;
	return replaced(f, &fact, nots);
}
