/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields of a classic BPF opcode, with their usual names.
 *
 * Only for cbpf.c, cbpf_check.c and config/merge/: the names clash with those of
 * <pcap/bpf.h> and <linux/filter.h>.
 */
#ifndef WEIR_POLICY_CBPF_OP_H
#define WEIR_POLICY_CBPF_OP_H

#include "policy/cbpf.h"

enum {
	CLASS_MASK = 0x07,
	BPF_LD = 0x00,
	BPF_LDX = 0x01,
	BPF_ST = 0x02,
	BPF_STX = 0x03,
	BPF_ALU = 0x04,
	BPF_JMP = 0x05,
	BPF_RET = 0x06,
	BPF_MISC = 0x07,

	SIZE_MASK = 0x18,
	BPF_W = 0x00,
	BPF_H = 0x08,
	BPF_B = 0x10,

	MODE_MASK = 0xe0,
	BPF_IMM = 0x00,
	BPF_ABS = 0x20,
	BPF_IND = 0x40,
	BPF_MEM = 0x60,
	BPF_LEN = 0x80,
	BPF_MSH = 0xa0,

	OP_MASK = 0xf0,
	BPF_ADD = 0x00,
	BPF_SUB = 0x10,
	BPF_MUL = 0x20,
	BPF_DIV = 0x30,
	BPF_OR = 0x40,
	BPF_AND = 0x50,
	BPF_LSH = 0x60,
	BPF_RSH = 0x70,
	BPF_NEG = 0x80,
	BPF_MOD = 0x90,
	BPF_XOR = 0xa0,

	BPF_JA = 0x00,
	BPF_JEQ = 0x10,
	BPF_JGT = 0x20,
	BPF_JGE = 0x30,
	BPF_JSET = 0x40,

	BPF_X = 0x08,
	BPF_A = 0x10,
	BPF_TAX = 0x00,
	BPF_TXA = 0x80,
};

static inline unsigned int class_of(const struct cbpf_insn *in)
{
	return in->code & CLASS_MASK;
}

static inline unsigned int op_of(const struct cbpf_insn *in)
{
	return in->code & OP_MASK;
}

static inline unsigned int mode_of(const struct cbpf_insn *in)
{
	return in->code & MODE_MASK;
}

/* Bytes an ABS or IND load reads. */
static inline unsigned int size_of(const struct cbpf_insn *in)
{
	switch (in->code & SIZE_MASK) {
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	default:
		return 1;
	}
}

/* What an ALU instruction makes of A; divisors are not 0, @op exists. */
static inline uint32_t cbpf_alu(uint32_t op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_ADD:
		return a + k;
	case BPF_SUB:
		return a - k;
	case BPF_MUL:
		return a * k;
	case BPF_DIV:
		return a / k;
	case BPF_MOD:
		return a % k;
	case BPF_OR:
		return a | k;
	case BPF_AND:
		return a & k;
	case BPF_XOR:
		return a ^ k;
	case BPF_LSH:
		return k < 32 ? a << k : 0;
	case BPF_RSH:
		return k < 32 ? a >> k : 0;
	default:
		return 0u - a;
	}
}

#endif
