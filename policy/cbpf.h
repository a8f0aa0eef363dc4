/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF: the filter of a rule `allow a -> b when "EXPR"`.
 *
 * The expression is in pcap-filter's language. libpcap compiles it when the
 * topology is read, and the switch runs the program on the private snapshot of
 * a frame's head.  Verdicts are exactly those of libpcap's bpf_filter(): a
 * filter must not mean one thing in a capture and another in a rule.
 *
 * A program is foreign code in the middle of the switch, and may come through a
 * control request of an untrusted process.  Therefore:
 *
 *  - A program is validated before it is run, and the copy that runs is the one
 *    that was validated, in the switch's private memory.
 *  - Every load is bounded by the snapshot.  A load beyond that ends the
 *    program with "no", as in bpf_filter(); it does not read zeros.
 *  - Jumps go forward only, so a run takes at most as many steps as the program
 *    has instructions: at most CBPF_MAX.
 *
 * The second and the third hold for cbpf_run() with any program: validation
 * makes a program meaningful, but is not needed for its bounds.
 *
 * A frame may be longer than its snapshot, so a load could fail that would
 * succeed on the whole frame, and a rule would silently not apply.
 * cbpf_validate() therefore reports how much of a frame a program may look at
 * (@need).  With a snapshot of that many bytes, or of the whole frame if it is
 * shorter, the verdict is that on the whole frame.
 *
 * Two things libpcap compiles are refused.  Loads at negative offsets ask Linux
 * for data that is not in the frame, as "inbound" and "outbound" do; such a
 * rule would silently never apply.  (So would "vlan" on a live interface, but
 * the compiler has none.) Backward jumps, as in "protochain", would remove the
 * bound of a run.
 */
#ifndef WEIR_POLICY_CBPF_H
#define WEIR_POLICY_CBPF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/abi.h"

/* Instructions a program may have. */
#define CBPF_MAX 4096u
/* Words of scratch memory. */
#define CBPF_WORDS 16u
/* cbpf_report.need: there is no bound. */
#define CBPF_ALL UINT32_MAX

/**
 * struct cbpf_insn - one instruction, as libpcap's struct bpf_insn
 * @code: class, mode, operation and source of the operand
 * @jt:   instructions to skip if a condition holds
 * @jf:   instructions to skip if it does not
 * @k:    constant operand
 */
struct cbpf_insn {
	uint16_t code;
	uint8_t jt;
	uint8_t jf;
	uint32_t k;
};

ABI_SIZE(struct cbpf_insn, 8);
ABI_AT(struct cbpf_insn, code, 0);
ABI_AT(struct cbpf_insn, jt, 2);
ABI_AT(struct cbpf_insn, jf, 3);
ABI_AT(struct cbpf_insn, k, 4);

/*
 * What can be wrong with a program.  The text follows "instruction N ", but for
 * EMPTY and TOO_LONG, which follow "the program ".
 *
 *	CBPF_ERROR(symbol, key, text for a person)
 */
#define CBPF_ERRORS(CBPF_ERROR)                                                \
	CBPF_ERROR(NONE, none, "is valid")                                     \
	CBPF_ERROR(EMPTY, empty,                                               \
		   "has no instruction; one that allows everything is a "      \
		   "single \"ret\"")                                           \
	CBPF_ERROR(TOO_LONG, too_long,                                         \
		   "has more than 4096 instructions; split the rule or "       \
		   "shorten its expression")                                   \
	CBPF_ERROR(OPCODE, opcode,                                             \
		   "is none of classic BPF; compile the filter with libpcap "  \
		   "for DLT_EN10MB")                                           \
	CBPF_ERROR(ANCILLARY, ancillary,                                       \
		   "asks Linux for what is not in the frame, as \"inbound\" "  \
		   "and \"outbound\" do; a rule names its direction itself")   \
	CBPF_ERROR(MEMORY, memory,                                             \
		   "names a word of scratch memory that is not there; there "  \
		   "are 16, counted from 0")                                   \
	CBPF_ERROR(UNSET, unset,                                               \
		   "reads a word of scratch memory that is not written on "    \
		   "every way there; store it first")                          \
	CBPF_ERROR(DIVIDE, divide,                                             \
		   "divides by the constant 0; take another divisor")          \
	CBPF_ERROR(SHIFT, shift,                                               \
		   "shifts by a constant of more than 31 bits; shift by less") \
	CBPF_ERROR(BACKWARD, backward,                                         \
		   "jumps backward, as \"protochain\" does; name the "         \
		   "protocol itself with \"proto\"")                           \
	CBPF_ERROR(OUTSIDE, outside,                                           \
		   "jumps out of the program; hand over the whole program")    \
	CBPF_ERROR(NO_RETURN, no_return,                                       \
		   "is the last one and no \"ret\"; hand over the whole "      \
		   "program")

#define CBPF_ERROR_ENUM(symbol, key, text) CBPF_##symbol,
enum cbpf_error { CBPF_ERRORS(CBPF_ERROR_ENUM) CBPF_ERROR_COUNT };
#undef CBPF_ERROR_ENUM

/**
 * struct cbpf_report - what cbpf_validate() found
 * @error: what is wrong first, or CBPF_NONE
 * @at:    the instruction that is, counted from 0; 0 if it is the program
 * @need:  a valid program looks at no byte of the frame from this one on;
 *         0 if it looks at none, CBPF_ALL if there is no bound
 */
struct cbpf_report {
	enum cbpf_error error;
	uint32_t at;
	uint32_t need;
};

/**
 * cbpf_error_key - stable short name ("backward"): JSON keys
 * @error: any value; out of range gives "unknown"
 */
const char *cbpf_error_key(enum cbpf_error error);

/**
 * cbpf_error_text - what is wrong and what to do, for a person
 * @error: any value; out of range gives "unknown"
 */
const char *cbpf_error_text(enum cbpf_error error);

/**
 * cbpf_validate - may this program be run?
 * @prog:   the program; nobody else may be able to change it, now or later
 * @n:      its instructions; any number, but no more than @prog has
 * @report: out: filled in either case
 *
 * Besides what libpcap's bpf_validate() refuses, it refuses backward jumps and
 * negative offsets (see above), opcodes bpf_filter() does not know, constant
 * shifts by more than 31 bits, and reads of scratch memory before it is
 * written, whose result would depend on the interpreter.
 *
 * @report->need allows for the largest IP header where an offset depends on the
 * header's length (X loaded by MSH), so "tcp port 80" has a bound: 78.  It is
 * CBPF_ALL where X is computed in another way, as by ip[ip[2]], and in programs
 * libpcap did not optimise, which compute even constant offsets.
 *
 * Time is bounded by 17 * @n steps, stack by about 600 bytes.
 *
 * Return: whether it may; if not, @report->error says why.
 */
bool cbpf_validate(const struct cbpf_insn *prog, uint32_t n,
		   struct cbpf_report *report);

/**
 * cbpf_run - verdict of a program on a frame
 * @prog:     a program cbpf_validate() accepted
 * @n:        its instructions
 * @head:     the first bytes of the frame, private; at any alignment
 * @head_len: bytes readable at @head; nothing beyond is read
 * @wire_len: bytes of the whole frame ("len", "greater", "less")
 *
 * At most @n instructions are executed.
 *
 * Return: what the program returns: 0 is "no", anything else "yes".
 */
uint32_t cbpf_run(const struct cbpf_insn *prog, uint32_t n, const uint8_t *head,
		  uint32_t head_len, uint32_t wire_len);

/* Reads of this many leading bytes are recorded. */
#define POLICY_SEEN_BYTES 64u

/**
 * struct policy_seen - what programs have read of a frame
 * @bytes: bit i set: byte i was read
 * @all:    they depend on something else as well: the frame's length, a byte it
 *          does not have, or one from POLICY_SEEN_BYTES on
 * @steps:  instructions they took
 *
 * If @all is not set, these programs give the same verdicts on any frame with
 * the same values in these bytes.
 */
struct policy_seen {
	uint64_t bytes;
	bool all;
	uint32_t steps;
};

/**
 * cbpf_run_seen - cbpf_run(), recording what the program reads
 * @seen: in/out: reads are added; all zero before the first program
 */
uint32_t cbpf_run_seen(const struct cbpf_insn *prog, uint32_t n,
		       const uint8_t *head, uint32_t head_len,
		       uint32_t wire_len, struct policy_seen *seen);

#endif
