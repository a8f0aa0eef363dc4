/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each inner node becomes a block: what brings its expression into the
 * accumulator, unless it is there already on all ways to the node; a
 * conditional jump; and up to two slots behind it.
 *
 *	ldh [12]
 *	jeq #0x800, 1, 0	yes: over the slot; no: into it
 *	ret #2			slot of "no"
 *
 * A slot holds what a jump's eight bits cannot say: a return, unless the slot
 * of a later block has the same one within reach, or a jump to a block that is
 * too far away.  Blocks come in topological order, because jumps only go
 * forward.  Slots move other blocks further away, so positions are computed
 * until no more slots are needed.
 */
#include "config/merge/emit.h"

#include <stdlib.h>
#include <string.h>

#include "config/lang/arena.h"
#include "policy/cbpf_op.h"

/* What a conditional jump can skip. */
#define JUMP_MAX 255u
#define UNKNOWN UINT32_MAX

/* Expressions in registers, or UNKNOWN. */
struct regs {
	uint32_t a;
	uint32_t x;
};

enum { NO, YES };

/**
 * struct block - an inner node's code
 * @node:   itself
 * @to:     by answer: the node that follows; a load has NO only
 * @slot:   by answer: whether it has a slot
 * @regs:   when it begins
 * @loads, @n_loads: its loads, in emit.loads
 * @at:     where it begins
 */
struct block {
	struct node node;
	uint32_t to[2];
	bool slot[2];
	bool reached;
	struct regs regs;
	uint32_t loads;
	uint32_t n_loads;
	uint32_t at;
};

/**
 * struct emit - one program
 * @order: inner nodes, in the order in which they are visited last
 * @block: by position
 * @position: by node: of its block; of a leaf, where the next slot that has it
 *            is, or UNKNOWN
 */
struct emit {
	const struct graph *g;
	uint32_t *order;
	struct block *block;
	uint32_t *position;
	uint32_t n;
	bool *seen;
	struct cbpf_insn *load;
	uint32_t n_loads;
	uint32_t room;
};

/* --- order ---------------------------------------------------------------- */

/* NOLINTBEGIN(misc-no-recursion): a tree is as deep as walk.c allows. */
/* "No" is visited last, so that it follows its node immediately. */
static void visit(struct emit *e, uint32_t number)
{
	struct node node = graph_node_of(e->g, number);

	if (node.kind == NODE_LEAF || e->seen[number])
		return;
	e->seen[number] = true;
	if (node.kind == NODE_TEST)
		visit(e, node.yes);
	visit(e, node.no);
	e->order[e->n++] = number;
}

/* NOLINTEND(misc-no-recursion) */

static void place(struct emit *e, uint32_t root)
{
	visit(e, root);
	e->block = must_alloc(e->n, sizeof(*e->block));
	for (uint32_t i = 0; i < e->n; i++) {
		uint32_t number = e->order[e->n - 1 - i];
		struct block *b = &e->block[i];

		b->node = graph_node_of(e->g, number);
		b->to[NO] = b->node.no;
		b->to[YES] = b->node.yes;
		e->position[number] = i;
	}
}

/* --- loads ---------------------------------------------------------------- */

static void put(struct emit *e, uint32_t code, uint32_t k)
{
	if (e->n_loads < e->room)
		e->load[e->n_loads] =
			(struct cbpf_insn){ (uint16_t)code, 0, 0, k };
	e->n_loads++;
}

/* X is an IPv4 header's length, or what it is does not matter. */
static void bring_to_x(struct emit *e, struct regs *r, uint32_t expr)
{
	if (r->x == expr)
		return;
	put(e, BPF_LDX | BPF_B | BPF_MSH, graph_expr_of(e->g, expr).k);
	r->x = expr;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the filter is long. */
static void bring_to_a(struct emit *e, struct regs *r, uint32_t expr)
{
	struct expr x = graph_expr_of(e->g, expr);

	if (r->a == expr)
		return;
	switch (x.kind) {
	case EXPR_ABS:
		put(e, BPF_LD | BPF_ABS | x.op, x.k);
		break;
	case EXPR_IND:
		bring_to_x(e, r, x.of);
		put(e, BPF_LD | BPF_IND | x.op, x.k);
		break;
	case EXPR_MSH:
		bring_to_x(e, r, expr);
		put(e, BPF_MISC | BPF_TXA, 0);
		break;
	case EXPR_LEN:
		put(e, BPF_LD | BPF_LEN, 0);
		break;
	case EXPR_ALU:
		bring_to_a(e, r, x.of);
		put(e, BPF_ALU | x.op, x.op == BPF_NEG ? 0 : x.k);
		break;
	default:
		put(e, BPF_LD | BPF_IMM, x.k);
		break;
	}
	r->a = expr;
}

/* NOLINTEND(misc-no-recursion) */

/* The registers at the start of a node: what is the same on all ways there. */
static void arrive(struct emit *e, uint32_t number, const struct regs *r)
{
	struct block *b = &e->block[e->position[number]];

	if (graph_node_of(e->g, number).kind == NODE_LEAF)
		return;
	if (!b->reached) {
		b->reached = true;
		b->regs = *r;
		return;
	}
	if (b->regs.a != r->a)
		b->regs.a = UNKNOWN;
	if (b->regs.x != r->x)
		b->regs.x = UNKNOWN;
}

static void add_loads(struct emit *e)
{
	e->block[0].regs = (struct regs){ UNKNOWN, UNKNOWN };
	for (uint32_t i = 0; i < e->n; i++) {
		struct block *b = &e->block[i];
		uint32_t expr = b->node.expr;
		struct regs r = b->regs;

		b->loads = e->n_loads;
		if (b->node.kind == NODE_LOAD &&
		    graph_expr_of(e->g, expr).kind == EXPR_MSH)
			bring_to_x(e, &r, expr);
		else
			bring_to_a(e, &r, expr);
		b->n_loads = e->n_loads - b->loads;
		arrive(e, b->to[NO], &r);
		if (b->node.kind == NODE_TEST)
			arrive(e, b->to[YES], &r);
	}
}

/* --- positions ------------------------------------------------------------ */

static bool is_leaf(const struct emit *e, uint32_t number)
{
	return graph_node_of(e->g, number).kind == NODE_LEAF;
}

static bool is_test(const struct block *b)
{
	return b->node.kind == NODE_TEST;
}

/* Where the conditional jump is, if it has one, and where the slots begin. */
static uint32_t slots_of(const struct block *b)
{
	return b->at + b->n_loads + is_test(b);
}

static uint32_t end_of(const struct block *b)
{
	return slots_of(b) + b->slot[NO] + b->slot[YES];
}

/* What the jump skips to get to an answer that has no slot. */
static uint32_t distance(const struct emit *e, const struct block *b,
			 unsigned int answer)
{
	uint32_t position = e->position[b->to[answer]];

	if (!is_leaf(e, b->to[answer]))
		position = e->block[position].at;
	return position - slots_of(b);
}

static bool needs_slot(const struct emit *e, uint32_t i, unsigned int answer)
{
	const struct block *b = &e->block[i];
	bool leaf = is_leaf(e, b->to[answer]);

	if (!is_test(b))
		return leaf || e->position[b->to[answer]] != i + 1;
	if (leaf && e->position[b->to[answer]] == UNKNOWN)
		return true;
	return distance(e, b, answer) > JUMP_MAX;
}

static uint32_t slot_at(const struct block *b, unsigned int answer)
{
	return slots_of(b) + (answer == YES && b->slot[NO]);
}

static uint32_t lay_out(struct emit *e)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < e->n; i++) {
		e->block[i].at = at;
		at = end_of(&e->block[i]);
	}
	return at;
}

static bool add_slots_of(struct emit *e, uint32_t i)
{
	struct block *b = &e->block[i];
	unsigned int last = is_test(b) ? YES : NO;
	bool added = false;

	for (unsigned int a = NO; a <= last; a++) {
		if (b->slot[a] || !needs_slot(e, i, a))
			continue;
		b->slot[a] = true;
		added = true;
	}
	for (unsigned int a = NO; a <= last; a++)
		if (b->slot[a] && is_leaf(e, b->to[a]))
			e->position[b->to[a]] = slot_at(b, a);
	return added;
}

static void forget_leaves(struct emit *e)
{
	for (uint32_t i = 0; i < e->n; i++)
		for (unsigned int a = NO; a <= YES; a++)
			if (is_leaf(e, e->block[i].to[a]))
				e->position[e->block[i].to[a]] = UNKNOWN;
}

/* From the end, so that returns which come later are known. */
static bool add_slots(struct emit *e)
{
	bool added = false;

	forget_leaves(e);
	for (uint32_t i = e->n; i-- > 0;)
		added |= add_slots_of(e, i);
	return added;
}

/* --- writing -------------------------------------------------------------- */

static void write_slot(const struct emit *e, const struct block *b,
		       unsigned int answer, struct cbpf_insn *to)
{
	struct node next = graph_node_of(e->g, b->to[answer]);
	uint32_t at = slot_at(b, answer);

	to[at] = (struct cbpf_insn){ .code = BPF_RET, .k = next.k };
	if (next.kind != NODE_LEAF)
		to[at] = (struct cbpf_insn){
			.code = BPF_JMP | BPF_JA,
			.k = e->block[e->position[b->to[answer]]].at - at - 1,
		};
}

static void write_block(struct emit *e, uint32_t i, struct cbpf_insn *to)
{
	const struct block *b = &e->block[i];
	uint32_t slots = slots_of(b);

	memcpy(to + b->at, e->load + b->loads, b->n_loads * sizeof(*to));
	if (is_test(b))
		to[slots - 1] = (struct cbpf_insn){
			.code = (uint16_t)(BPF_JMP | b->node.op),
			.jt = (uint8_t)(b->slot[YES] ? b->slot[NO]
						     : distance(e, b, YES)),
			.jf = (uint8_t)(b->slot[NO] ? 0 : distance(e, b, NO)),
			.k = b->node.k,
		};
	for (unsigned int a = NO; a <= YES; a++)
		if (b->slot[a])
			write_slot(e, b, a, to);
}

static uint32_t write_all(struct emit *e, struct cbpf_insn *to)
{
	uint32_t n;

	do
		n = lay_out(e);
	while (add_slots(e));
	if (n > e->room)
		return 0;
	forget_leaves(e);
	for (uint32_t i = e->n; i-- > 0;) {
		write_block(e, i, to);
		add_slots_of(e, i);
	}
	return n;
}

uint32_t emit_program(const struct graph *g, uint32_t root,
		      struct cbpf_insn *to, uint32_t room)
{
	struct node top = graph_node_of(g, root);
	struct emit e = { .g = g, .room = room };
	uint32_t n = 0;

	if (room == 0)
		return 0;
	if (top.kind == NODE_LEAF) {
		to[0] = (struct cbpf_insn){ .code = BPF_RET, .k = top.k };
		return 1;
	}
	e.order = must_alloc(g->nodes.n, sizeof(*e.order));
	e.position = must_alloc(g->nodes.n, sizeof(*e.position));
	e.seen = must_alloc(g->nodes.n, sizeof(*e.seen));
	e.load = must_alloc(room, sizeof(*e.load));
	place(&e, root);
	add_loads(&e);
	if (e.n_loads <= room)
		n = write_all(&e, to);
	free(e.order);
	free(e.position);
	free(e.seen);
	free(e.load);
	free(e.block);
	return n;
}
