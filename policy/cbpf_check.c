/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * May a classic BPF program be run, and how much of a frame does it look at?
 *
 * First every instruction is checked alone: does it exist, are its operands
 * valid, does it stay in the program?  After that every path through the
 * program goes forward and ends in a "ret", so the second half can follow all
 * paths in one pass.
 */
#include <stdbool.h>
#include <stddef.h>

#include "policy/cbpf.h"
#include "policy/cbpf_op.h"
#include "base/mem.h"

/* The largest value MSH can give: an IP header's length. */
#define MSH_MAX 60u

/* --- names ------------------------------------------------------------- */

const char *cbpf_error_key(enum cbpf_error error)
{
#define CBPF_ERROR_KEY(symbol, key, text) #key,
	static const char *const keys[] = { CBPF_ERRORS(CBPF_ERROR_KEY) };
#undef CBPF_ERROR_KEY

	return (unsigned int)error < CBPF_ERROR_COUNT ? keys[error] : "unknown";
}

const char *cbpf_error_text(enum cbpf_error error)
{
#define CBPF_ERROR_TEXT(symbol, key, text) text,
	static const char *const texts[] = { CBPF_ERRORS(CBPF_ERROR_TEXT) };
#undef CBPF_ERROR_TEXT

	return (unsigned int)error < CBPF_ERROR_COUNT ? texts[error]
						      : "unknown";
}

/* --- validation: one instruction --------------------------------------- */

static bool load_known(uint16_t code)
{
	switch (code & MODE_MASK) {
	case BPF_ABS:
	case BPF_IND:
		return (code & SIZE_MASK) <= BPF_B;
	case BPF_IMM:
	case BPF_MEM:
	case BPF_LEN:
		return (code & SIZE_MASK) == BPF_W;
	default:
		return false;
	}
}

static bool loadx_known(uint16_t code)
{
	switch (code & (MODE_MASK | SIZE_MASK)) {
	case BPF_IMM | BPF_W:
	case BPF_MEM | BPF_W:
	case BPF_LEN | BPF_W:
	case BPF_MSH | BPF_B:
		return true;
	default:
		return false;
	}
}

static bool opcode_known(uint16_t code)
{
	if (code > 0xff)
		return false;
	switch (code & CLASS_MASK) {
	case BPF_LD:
		return load_known(code);
	case BPF_LDX:
		return loadx_known(code);
	case BPF_ALU:
		return (code & OP_MASK) <= BPF_XOR &&
		       code != (BPF_ALU | BPF_NEG | BPF_X);
	case BPF_JMP:
		return (code & OP_MASK) <= BPF_JSET &&
		       code != (BPF_JMP | BPF_JA | BPF_X);
	case BPF_RET:
		return code == BPF_RET || code == (BPF_RET | BPF_A);
	case BPF_MISC:
		return code == (BPF_MISC | BPF_TAX) ||
		       code == (BPF_MISC | BPF_TXA);
	default:
		return code == BPF_ST || code == BPF_STX;
	}
}

static bool reads_memory(const struct cbpf_insn *in)
{
	return class_of(in) <= BPF_LDX && mode_of(in) == BPF_MEM;
}

static bool writes_memory(const struct cbpf_insn *in)
{
	return class_of(in) == BPF_ST || class_of(in) == BPF_STX;
}

static enum cbpf_error check_alu(const struct cbpf_insn *in)
{
	if (in->code & BPF_X)
		return CBPF_NONE;
	switch (op_of(in)) {
	case BPF_DIV:
	case BPF_MOD:
		return in->k == 0 ? CBPF_DIVIDE : CBPF_NONE;
	case BPF_LSH:
	case BPF_RSH:
		return in->k > 31 ? CBPF_SHIFT : CBPF_NONE;
	default:
		return CBPF_NONE;
	}
}

/* @after: how many instructions stand behind this one. */
static enum cbpf_error check_jump(const struct cbpf_insn *in, uint32_t after)
{
	if (op_of(in) != BPF_JA)
		return in->jt < after && in->jf < after ? CBPF_NONE
							: CBPF_OUTSIDE;
	/* libpcap treats the distance as a signed number. */
	if (in->k > INT32_MAX)
		return CBPF_BACKWARD;
	return in->k < after ? CBPF_NONE : CBPF_OUTSIDE;
}

static enum cbpf_error check_insn(const struct cbpf_insn *in, uint32_t after)
{
	if (!opcode_known(in->code))
		return CBPF_OPCODE;
	if (class_of(in) == BPF_JMP)
		return check_jump(in, after);
	if (after == 0 && class_of(in) != BPF_RET)
		return CBPF_NO_RETURN;
	if (class_of(in) == BPF_LD && mode_of(in) == BPF_ABS &&
	    in->k > INT32_MAX)
		return CBPF_ANCILLARY;
	if ((reads_memory(in) || writes_memory(in)) && in->k >= CBPF_WORDS)
		return CBPF_MEMORY;
	if (class_of(in) == BPF_ALU)
		return check_alu(in);
	return CBPF_NONE;
}

/* --- validation: the program ------------------------------------------- */

/* A set of instructions. */
struct insn_set {
	uint64_t bits[CBPF_MAX / 64];
};

static bool in_set(const struct insn_set *s, uint32_t i)
{
	return s->bits[i / 64] >> i % 64 & 1;
}

static void add(struct insn_set *s, uint32_t i)
{
	s->bits[i / 64] |= 1ull << i % 64;
}

/* Instructions that can follow instruction @i. */
static void add_next(struct insn_set *s, const struct cbpf_insn *in, uint32_t i)
{
	if (class_of(in) == BPF_RET)
		return;
	if (class_of(in) != BPF_JMP) {
		add(s, i + 1);
	} else if (op_of(in) == BPF_JA) {
		add(s, i + 1 + in->k);
	} else {
		add(s, i + 1 + in->jt);
		add(s, i + 1 + in->jf);
	}
}

/*
 * Follow every path on which @word has not been written yet, in one pass,
 * because jumps go forward.  A word at a time takes 512 bytes of stack; all
 * words at once would take 8 KiB, more than a small system has.
 *
 * Return: the first instruction that reads it there, or @n.
 */
static uint32_t find_unset(const struct cbpf_insn *prog, uint32_t n,
			   uint32_t word)
{
	struct insn_set unset;

	memset(&unset, 0, sizeof(unset));
	add(&unset, 0);
	for (uint32_t i = 0; i < n; i++) {
		const struct cbpf_insn *in = &prog[i];

		if (!in_set(&unset, i))
			continue;
		if (reads_memory(in) && in->k == word)
			return i;
		if (!writes_memory(in) || in->k != word)
			add_next(&unset, in, i);
	}
	return n;
}

/* The first instruction that reads unwritten scratch memory, or @n. */
static uint32_t check_memory(const struct cbpf_insn *prog, uint32_t n)
{
	uint32_t first = n, at;
	unsigned int read = 0;

	for (uint32_t i = 0; i < n; i++)
		if (reads_memory(&prog[i]))
			read |= 1u << prog[i].k;
	for (uint32_t word = 0; word < CBPF_WORDS; word++) {
		if (!(read >> word & 1))
			continue;
		at = find_unset(prog, n, word);
		if (at < first)
			first = at;
	}
	return first;
}

/* The largest value X can have anywhere in the program. */
static uint32_t bound_x(const struct cbpf_insn *prog, uint32_t n)
{
	uint32_t bound = 0, value;

	for (uint32_t i = 0; i < n; i++) {
		const struct cbpf_insn *in = &prog[i];

		if (class_of(in) == BPF_LDX && mode_of(in) == BPF_MSH)
			value = MSH_MAX;
		else if (class_of(in) == BPF_LDX && mode_of(in) == BPF_IMM)
			value = in->k;
		else if (class_of(in) == BPF_LDX ||
			 in->code == (BPF_MISC | BPF_TAX))
			return UINT32_MAX;
		else
			continue;
		if (value > bound)
			bound = value;
	}
	return bound;
}

/* One past the last byte of the frame an instruction may look at. */
static uint64_t reach(const struct cbpf_insn *in, uint32_t x)
{
	if (class_of(in) == BPF_LD && mode_of(in) == BPF_ABS)
		return (uint64_t)in->k + size_of(in);
	if (class_of(in) == BPF_LD && mode_of(in) == BPF_IND)
		return (uint64_t)x + in->k + size_of(in);
	if (class_of(in) == BPF_LDX && mode_of(in) == BPF_MSH)
		return (uint64_t)in->k + 1;
	return 0;
}

static uint32_t find_need(const struct cbpf_insn *prog, uint32_t n)
{
	uint32_t x = bound_x(prog, n);
	uint64_t need = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t end = reach(&prog[i], x);

		if (end > need)
			need = end;
	}
	return need < CBPF_ALL ? (uint32_t)need : CBPF_ALL;
}

static bool refuse(struct cbpf_report *report, enum cbpf_error error,
		   uint32_t at)
{
	report->error = error;
	report->at = at;
	report->need = 0;
	return false;
}

bool cbpf_validate(const struct cbpf_insn *prog, uint32_t n,
		   struct cbpf_report *report)
{
	uint32_t at;

	if (n == 0)
		return refuse(report, CBPF_EMPTY, 0);
	if (n > CBPF_MAX)
		return refuse(report, CBPF_TOO_LONG, 0);
	for (uint32_t i = 0; i < n; i++) {
		enum cbpf_error error = check_insn(&prog[i], n - 1 - i);

		if (error != CBPF_NONE)
			return refuse(report, error, i);
	}
	at = check_memory(prog, n);
	if (at < n)
		return refuse(report, CBPF_UNSET, at);
	report->error = CBPF_NONE;
	report->at = 0;
	report->need = find_need(prog, n);
	return true;
}
