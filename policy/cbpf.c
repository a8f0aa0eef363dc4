/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classic BPF machine: accumulator A, index register X and 16 words of
 * scratch memory, all zero at the start.
 *
 * Nothing here relies on validation: an opcode that does not exist ends the
 * program or does something harmless, an index of scratch memory is reduced,
 * and both a load's address and the program counter have 64 bits, so that no
 * sum wraps.
 *
 * The machine is compiled twice, with and without recording what a program
 * reads.  Without, recording must cost nothing, so all that carries a "seen" is
 * inlined, where NULL is a constant.
 */
#include "policy/cbpf.h"

#include <stdbool.h>
#include <stddef.h>

#include "policy/cbpf_op.h"

#define EXPANDED inline __attribute__((always_inline))

/* The frame as the program sees it. */
struct view {
	const uint8_t *head;
	uint32_t head_len;
	uint32_t wire_len;
};

struct registers {
	uint32_t a;
	uint32_t x;
	uint32_t mem[CBPF_WORDS];
};

static inline void take_down(struct policy_seen *seen, const struct view *v,
			     uint64_t at, unsigned int size)
{
	if (at + size > v->head_len || at + size > POLICY_SEEN_BYTES)
		seen->all = true;
	else
		seen->bytes |= ((1u << size) - 1ull) << at;
}

/* @at does not wrap: it has room for the sum of any X and k. */
static EXPANDED bool fetch(const struct view *v, uint64_t at, unsigned int size,
			   uint32_t *value, struct policy_seen *seen)
{
	const uint8_t *p;

	if (seen)
		take_down(seen, v, at, size);
	if (at + size > v->head_len)
		return false;
	p = v->head + at;
	if (size == 4)
		*value = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			 (uint32_t)p[2] << 8 | p[3];
	else if (size == 2)
		*value = (uint32_t)p[0] << 8 | p[1];
	else
		*value = p[0];
	return true;
}

static EXPANDED bool load(const struct cbpf_insn *in, const struct view *v,
			  const struct registers *r, uint32_t *value,
			  struct policy_seen *seen)
{
	switch (mode_of(in)) {
	case BPF_ABS:
		return fetch(v, in->k, size_of(in), value, seen);
	case BPF_IND:
		return fetch(v, (uint64_t)r->x + in->k, size_of(in), value,
			     seen);
	case BPF_MSH:
		if (!fetch(v, in->k, 1, value, seen))
			return false;
		*value = (*value & 0xf) << 2;
		return true;
	case BPF_MEM:
		*value = r->mem[in->k % CBPF_WORDS];
		return true;
	case BPF_LEN:
		if (seen)
			seen->all = true;
		*value = v->wire_len;
		return true;
	default:
		*value = in->k;
		return true;
	}
}

/* Return: false on a division by zero. */
static inline bool compute(const struct cbpf_insn *in, struct registers *r)
{
	uint32_t operand = in->code & BPF_X ? r->x : in->k;

	if (op_of(in) > BPF_XOR)
		return false;
	if ((op_of(in) == BPF_DIV || op_of(in) == BPF_MOD) && operand == 0)
		return false;
	r->a = cbpf_alu(op_of(in), r->a, operand);
	return true;
}

/* How many instructions to skip. */
static inline uint32_t jump(const struct cbpf_insn *in,
			    const struct registers *r)
{
	uint32_t operand = in->code & BPF_X ? r->x : in->k;
	bool holds;

	switch (op_of(in)) {
	case BPF_JA:
		return in->k;
	case BPF_JEQ:
		holds = r->a == operand;
		break;
	case BPF_JGT:
		holds = r->a > operand;
		break;
	case BPF_JGE:
		holds = r->a >= operand;
		break;
	default:
		holds = r->a & operand;
		break;
	}
	return holds ? in->jt : in->jf;
}

/* Everything but JMP and RET.  Return: false if the program ends with "no". */
static EXPANDED bool step(const struct cbpf_insn *in, const struct view *v,
			  struct registers *r, struct policy_seen *seen)
{
	switch (class_of(in)) {
	case BPF_LD:
		return load(in, v, r, &r->a, seen);
	case BPF_LDX:
		return load(in, v, r, &r->x, seen);
	case BPF_ST:
		r->mem[in->k % CBPF_WORDS] = r->a;
		return true;
	case BPF_STX:
		r->mem[in->k % CBPF_WORDS] = r->x;
		return true;
	case BPF_ALU:
		return compute(in, r);
	default:
		if (in->code & BPF_TXA)
			r->a = r->x;
		else
			r->x = r->a;
		return true;
	}
}

/* @steps: in/out: one more for each instruction executed. */
static EXPANDED uint32_t run(const struct cbpf_insn *prog, uint32_t n,
			     const struct view *view, struct policy_seen *seen,
			     uint32_t *steps)
{
	struct registers r = { 0 };

	/* 64 bits: no distance can take it round to an earlier instruction. */
	for (uint64_t i = 0; i < n; i++) {
		const struct cbpf_insn *in = &prog[i];

		++*steps;
		if (class_of(in) == BPF_RET)
			return in->code & BPF_A ? r.a : in->k;
		if (class_of(in) == BPF_JMP)
			i += jump(in, &r);
		else if (!step(in, view, &r, seen))
			return 0;
	}
	return 0;
}

uint32_t cbpf_run(const struct cbpf_insn *prog, uint32_t n, const uint8_t *head,
		  uint32_t head_len, uint32_t wire_len)
{
	const struct view view = { head, head_len, wire_len };

	uint32_t steps = 0;

	return run(prog, n, &view, NULL, &steps);
}

uint32_t cbpf_run_seen(const struct cbpf_insn *prog, uint32_t n,
		       const uint8_t *head, uint32_t head_len,
		       uint32_t wire_len, struct policy_seen *seen)
{
	const struct view view = { head, head_len, wire_len };

	uint32_t steps = 0;
	uint32_t verdict = run(prog, n, &view, seen, &steps);

	seen->steps += steps;
	return verdict;
}
