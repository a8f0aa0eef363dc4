/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs and frames for the tests of policy/cbpf.h.
 *
 * Programs are what libpcap makes of a list of expressions, those with some
 * instructions changed, and programs made up from nothing.  Frames are built
 * layer by layer from the addresses and ports the expressions ask for, so that
 * most expressions are true of some of them, or are random bytes.
 *
 * A frame under test ends where a page begins that cannot be read: a load one
 * byte too far is a fault, also without a sanitizer.
 */
#ifndef WEIR_TESTS_UNIT_CBPF_RIG_H
#define WEIR_TESTS_UNIT_CBPF_RIG_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/cbpf.h"

#define CBPF_RIG_FRAME 160u
#define CBPF_RIG_PROGRAM 512u

/**
 * struct cbpf_rig - a source of programs and frames
 * @state: of the random numbers; set from a seed, not 0
 * @end:   the first byte that cannot be read
 */
struct cbpf_rig {
	uint64_t state;
	uint8_t *end;
};

/**
 * struct cbpf_program - a program, as ours and as libpcap's
 */
struct cbpf_program {
	uint32_t n;
	union {
		struct cbpf_insn insn[CBPF_RIG_PROGRAM];
		struct bpf_insn pcap[CBPF_RIG_PROGRAM];
	};
};

/* The expressions; the last is NULL. */
extern const char *const cbpf_expressions[];

/**
 * cbpf_rig_init - begin with this seed
 */
void cbpf_rig_init(struct cbpf_rig *rig, uint64_t seed);

/**
 * cbpf_rig_exit - the counterpart
 */
void cbpf_rig_exit(struct cbpf_rig *rig);

/**
 * cbpf_random32 - a number
 */
uint32_t cbpf_random32(struct cbpf_rig *rig);

/**
 * cbpf_random - a number below @below, which is not 0
 */
uint32_t cbpf_random(struct cbpf_rig *rig, uint32_t below);

/**
 * cbpf_compile - what libpcap makes of an expression
 *
 * Return: false if libpcap refuses it, or it is longer than a cbpf_program.
 */
bool cbpf_compile(const char *expression, bool optimise,
		  struct cbpf_program *out);

/**
 * cbpf_mutate - change one to four instructions of a program
 */
void cbpf_mutate(struct cbpf_rig *rig, struct cbpf_program *p);

/**
 * cbpf_invent - a short program of instructions that exist, in any order
 */
void cbpf_invent(struct cbpf_rig *rig, struct cbpf_program *p);

/**
 * cbpf_noise - a program of random bits
 */
void cbpf_noise(struct cbpf_rig *rig, struct cbpf_program *p);

/**
 * cbpf_frame - a frame
 * @bytes: out: CBPF_RIG_FRAME bytes
 *
 * Return: its length, 14 to CBPF_RIG_FRAME.
 */
uint32_t cbpf_frame(struct cbpf_rig *rig, uint8_t *bytes);

/**
 * cbpf_place - copy bytes to where nothing behind them can be read
 *
 * Return: where they are; valid until the next call.
 */
const uint8_t *cbpf_place(const struct cbpf_rig *rig, const uint8_t *bytes,
			  uint32_t len);

#endif
