/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symbolic execution: registers hold expressions, and a path holds the facts
 * its tests have established.  A test whose answer follows from the facts is
 * not made; otherwise both ways are followed.
 *
 * A state (instruction, registers, facts) that was met before has a tree
 * already.  That keeps most trees small; limits keep the others small.
 */
#include "config/merge/walk.h"

#include <stdlib.h>
#include <string.h>

#include "config/lang/arena.h"
#include "config/merge/facts.h"
#include "policy/cbpf_op.h"

/* Of recursion, so of tests on a path. */
#define DEPTH_MAX 3000u

/**
 * struct walk - one list of rules
 * @start:  by rule: how many instructions come before it
 * @width:  by instruction: states met there
 * @states: states met
 * @nodes:  by state: its node
 * @exceeded: a limit was met
 */
struct walk {
	struct graph *g;
	const struct policy_image *image;
	const uint16_t *rules;
	uint32_t n;
	struct walk_limits *limits;
	uint32_t *start;
	uint32_t *width;
	struct intern states;
	uint32_t *nodes;
	uint32_t n_nodes;
	uint32_t depth;
	bool exceeded;
};

/**
 * struct state - where execution is
 * @facts: owned
 */
struct state {
	uint32_t rule;
	uint32_t pc;
	uint32_t a;
	uint32_t x;
	uint32_t mem[CBPF_WORDS];
	struct facts *facts;
};

/* What became of an instruction. */
enum outcome { GOES_ON, SAYS_NO, TOO_GENERAL };

static uint32_t visit(struct walk *w, struct state *s);

static void change_facts(struct state *s, struct facts *facts)
{
	free(s->facts);
	s->facts = facts;
}

static const struct policy_rule *rule_at(const struct walk *w, uint32_t i)
{
	return &w->image->rule[w->rules[i]];
}

static uint32_t undecided(struct walk *w, const struct state *s)
{
	return graph_leaf(w->g, s->rule);
}

static uint32_t matched(struct walk *w, const struct state *s)
{
	return graph_leaf(w->g, POLICY_PROGRAM_MATCH | s->rule);
}

/* --- one instruction ------------------------------------------------------ */

static enum outcome load_indirect(struct walk *w, const struct cbpf_insn *in,
				  const struct state *s, uint32_t *value)
{
	struct expr e = { EXPR_IND, in->code & SIZE_MASK, s->x, in->k };
	uint32_t x;

	if (graph_is_const(w->g, s->x, &x)) {
		if (x > UINT16_MAX || in->k > UINT16_MAX)
			return TOO_GENERAL;
		e = (struct expr){ EXPR_ABS, e.op, 0, x + in->k };
	} else if (graph_expr_of(w->g, s->x).kind != EXPR_MSH) {
		return TOO_GENERAL;
	}
	*value = graph_expr(w->g, e);
	return GOES_ON;
}

static enum outcome load(struct walk *w, const struct cbpf_insn *in,
			 const struct state *s, uint32_t *value)
{
	struct expr e = { EXPR_CONST, 0, 0, in->k };

	switch (mode_of(in)) {
	case BPF_ABS:
		e.kind = EXPR_ABS;
		e.op = in->code & SIZE_MASK;
		break;
	case BPF_IND:
		return load_indirect(w, in, s, value);
	case BPF_MSH:
		e.kind = EXPR_MSH;
		break;
	case BPF_LEN:
		e.kind = EXPR_LEN;
		e.k = 0;
		break;
	case BPF_MEM:
		*value = s->mem[in->k % CBPF_WORDS];
		return GOES_ON;
	default:
		break;
	}
	*value = graph_expr(w->g, e);
	return GOES_ON;
}

static bool operand_of(const struct walk *w, const struct cbpf_insn *in,
		       const struct state *s, uint32_t *k)
{
	*k = in->k;
	return !(in->code & BPF_X) || graph_is_const(w->g, s->x, k);
}

static enum outcome compute(struct walk *w, const struct cbpf_insn *in,
			    struct state *s)
{
	struct expr e = { EXPR_ALU, op_of(in), s->a, 0 };

	if (e.op != BPF_NEG && !operand_of(w, in, s, &e.k))
		return TOO_GENERAL;
	if ((e.op == BPF_DIV || e.op == BPF_MOD) && e.k == 0)
		return SAYS_NO;
	/* As the machine does it; the instruction would not be valid. */
	if ((e.op == BPF_LSH || e.op == BPF_RSH) && e.k > 31)
		s->a = graph_const(w->g, 0);
	else
		s->a = graph_expr(w->g, e);
	return GOES_ON;
}

/* Everything but JMP and RET. */
static enum outcome step(struct walk *w, const struct cbpf_insn *in,
			 struct state *s)
{
	switch (class_of(in)) {
	case BPF_LD:
		return load(w, in, s, &s->a);
	case BPF_LDX:
		return load(w, in, s, &s->x);
	case BPF_ST:
		s->mem[in->k % CBPF_WORDS] = s->a;
		return GOES_ON;
	case BPF_STX:
		s->mem[in->k % CBPF_WORDS] = s->x;
		return GOES_ON;
	case BPF_ALU:
		return compute(w, in, s);
	default:
		if (in->code & BPF_TXA)
			s->a = s->x;
		else
			s->x = s->a;
		return GOES_ON;
	}
}

/* NOLINTBEGIN(misc-no-recursion): DEPTH_MAX bounds it. */
/* --- paths ---------------------------------------------------------------- */

static uint32_t next_rule(struct walk *w, struct state *s)
{
	struct state next = { .rule = s->rule + 1, .facts = s->facts };

	s->facts = NULL;
	return visit(w, &next);
}

/* One way of a test. */
static uint32_t follow(struct walk *w, const struct state *s,
		       const struct node *test, bool yes, uint32_t pc)
{
	struct state next = *s;

	next.facts = facts_learn(w->g, s->facts, test, yes);
	next.pc = pc;
	return visit(w, &next);
}

static uint32_t both_ways(struct walk *w, const struct state *s,
			  struct node *test, const struct cbpf_insn *in)
{
	test->yes = follow(w, s, test, true, s->pc + 1 + in->jt);
	test->no = follow(w, s, test, false, s->pc + 1 + in->jf);
	return graph_test(w->g, *test);
}

/* "ret a": matches unless A is 0. */
static uint32_t end_with_a(struct walk *w, struct state *s)
{
	struct node test = { .op = BPF_JEQ, .expr = s->a };
	struct state other;

	switch (facts_answer(w->g, s->facts, &test)) {
	case ANSWER_YES:
		return next_rule(w, s);
	case ANSWER_NO:
		return matched(w, s);
	default:
		other = *s;
		other.facts = facts_learn(w->g, s->facts, &test, true);
		test.yes = next_rule(w, &other);
		test.no = matched(w, s);
		return graph_test(w->g, test);
	}
}

/*
 * A jump.  Return: whether the path goes on here; if not, @node is what it
 * leads to.
 */
static bool jump(struct walk *w, struct state *s, const struct cbpf_insn *in,
		 uint32_t *node)
{
	struct node test = { .op = op_of(in), .expr = s->a };
	enum answer answer;

	if (test.op == BPF_JA) {
		s->pc += 1 + in->k;
		return true;
	}
	if (!operand_of(w, in, s, &test.k)) {
		*node = undecided(w, s);
		return false;
	}
	answer = facts_answer(w->g, s->facts, &test);
	if (answer != ANSWER_UNKNOWN) {
		s->pc += 1u + (answer == ANSWER_YES ? in->jt : in->jf);
		return true;
	}
	*node = both_ways(w, s, &test, in);
	return false;
}

static uint32_t execute(struct walk *w, struct state *s);

/* A load whose success is not known is a node; one that fails ends it all. */
static uint32_t load_first(struct walk *w, struct state *s, uint32_t expr)
{
	change_facts(s, facts_load(w->g, s->facts, expr));
	return graph_load(w->g, expr, execute(w, s));
}

static uint32_t end(struct walk *w, struct state *s, const struct cbpf_insn *in)
{
	if (in->code & BPF_A)
		return end_with_a(w, s);
	return in->k ? matched(w, s) : next_rule(w, s);
}

static uint32_t execute(struct walk *w, struct state *s)
{
	const struct policy_rule *r = rule_at(w, s->rule);
	const struct cbpf_insn *prog = w->image->insn + r->first;

	while (w->limits->steps > 0) {
		const struct cbpf_insn *in = prog + s->pc;
		uint32_t expr;

		w->limits->steps--;
		if (class_of(in) == BPF_RET)
			return end(w, s, in);
		if (class_of(in) == BPF_JMP) {
			if (!jump(w, s, in, &expr))
				return expr;
			continue;
		}
		switch (step(w, in, s)) {
		case SAYS_NO:
			return next_rule(w, s);
		case TOO_GENERAL:
			return undecided(w, s);
		default:
			s->pc++;
		}
		expr = class_of(in) == BPF_LD ? s->a : s->x;
		if (class_of(in) <= BPF_LDX && mode_of(in) != BPF_MEM &&
		    !facts_loaded(w->g, s->facts, expr))
			return load_first(w, s, expr);
	}
	w->exceeded = true;
	return undecided(w, s);
}

/* --- states --------------------------------------------------------------- */

static uint32_t number_of(struct walk *w, const struct state *s)
{
	uint32_t head = 4 + CBPF_WORDS, n = head + s->facts->n;
	uint32_t *key = must_alloc(n, sizeof(*key)), number;

	key[0] = s->rule;
	key[1] = s->pc;
	key[2] = s->a;
	key[3] = s->x;
	memcpy(key + 4, s->mem, sizeof(s->mem));
	memcpy(key + head, s->facts->word, s->facts->n * sizeof(*key));
	number = intern(&w->states, key, n);
	free(key);
	if (number >= w->n_nodes) {
		w->n_nodes = 2 * number + 64;
		w->nodes =
			must_realloc(w->nodes, w->n_nodes * sizeof(*w->nodes));
	}
	return number;
}

/* The node of a state's number, plus one; 0 if it was not met before. */
static uint32_t node_of(struct walk *w, struct state *s, uint32_t *number)
{
	uint32_t before = w->states.n;

	*number = number_of(w, s);
	return *number < before ? w->nodes[*number] : 0;
}

static uint32_t visit_new(struct walk *w, struct state *s, uint32_t number)
{
	uint32_t node;

	w->nodes[number] = 0;
	w->width[w->start[s->rule] + s->pc]++;
	if (w->depth == DEPTH_MAX) {
		w->exceeded = true;
		return undecided(w, s);
	}
	w->depth++;
	node = execute(w, s);
	w->depth--;
	w->nodes[number] = node + 1;
	return node;
}

/* The tree from a state on; its facts are released. */
static uint32_t visit(struct walk *w, struct state *s)
{
	uint32_t number, node;

	if (s->rule == w->n) {
		node = undecided(w, s);
	} else if (rule_at(w, s->rule)->n == 0) {
		node = matched(w, s);
	} else {
		if (w->width[w->start[s->rule] + s->pc] >= w->limits->width)
			change_facts(s, facts_none());
		node = node_of(w, s, &number);
		node = node ? node - 1 : visit_new(w, s, number);
	}
	free(s->facts);
	return node;
}

/* NOLINTEND(misc-no-recursion) */

bool walk_rules(struct graph *g, const struct policy_image *image,
		const uint16_t *rules, uint32_t n, struct walk_limits *limits,
		uint32_t *root)
{
	struct walk w = {
		.g = g, .image = image, .rules = rules, .n = n, .limits = limits
	};
	struct state s = { .facts = facts_none() };
	uint32_t all = 0;

	w.start = must_alloc(n, sizeof(*w.start));
	for (uint32_t i = 0; i < n; i++) {
		w.start[i] = all;
		all += rule_at(&w, i)->n;
	}
	w.width = must_alloc(all + 1u, sizeof(*w.width));
	*root = visit(&w, &s);
	intern_free(&w.states);
	free(w.nodes);
	free(w.width);
	free(w.start);
	return !w.exceeded;
}
