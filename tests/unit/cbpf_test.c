/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF: what is refused and how it is said, what is looked at, and that
 * a run stays within the head and the program's length whatever the program is.
 * What an accepted program means is compared in cbpf_pcap_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "config/system.h"
#include "tests/unit/cbpf_rig.h"

_Static_assert(sizeof(struct cbpf_insn) == sizeof(struct bpf_insn) &&
		       sizeof(struct cbpf_insn) == sizeof(struct sys_insn),
	       "one instruction, three names");

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define RET(value) BPF_STMT(BPF_RET | BPF_K, value)
#define RET_A BPF_STMT(BPF_RET | BPF_A, 0)
#define LD_MEM(word) BPF_STMT(BPF_LD | BPF_MEM, word)
#define LDX_MEM(word) BPF_STMT(BPF_LDX | BPF_MEM, word)
#define ST(word) BPF_STMT(BPF_ST, word)
#define STX(word) BPF_STMT(BPF_STX, word)
#define LDX_IMM(value) BPF_STMT(BPF_LDX | BPF_IMM, value)
#define LDX_MSH(at) BPF_STMT(BPF_LDX | BPF_MSH | BPF_B, at)
#define LD_IND(size, at) BPF_STMT(BPF_LD | BPF_IND | (size), at)
#define LD_ABS(size, at) BPF_STMT(BPF_LD | BPF_ABS | (size), at)
#define ALU(op, value) BPF_STMT(BPF_ALU | BPF_K | (op), value)
#define JA(distance) BPF_STMT(BPF_JMP | BPF_JA, distance)
#define JEQ(value, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, t, f)

/* --- what is refused ---------------------------------------------------- */

static void refuses(const struct cbpf_insn *prog, uint32_t n,
		    enum cbpf_error error, uint32_t at)
{
	struct cbpf_report report;

	memset(&report, 0xa5, sizeof(report));
	assert_false(cbpf_validate(prog, n, &report));
	assert_string_equal(cbpf_error_key(report.error),
			    cbpf_error_key(error));
	assert_int_equal(report.at, at);
	assert_int_equal(report.need, 0);
}

static void accepts(const struct cbpf_insn *prog, uint32_t n, uint32_t need)
{
	struct cbpf_report report;

	memset(&report, 0xa5, sizeof(report));
	assert_true(cbpf_validate(prog, n, &report));
	assert_int_equal(report.error, CBPF_NONE);
	assert_int_equal(report.at, 0);
	assert_int_equal(report.need, need);
}

#define PROGRAM(...) ((const struct cbpf_insn[]){ __VA_ARGS__ })
#define COUNT(...) ((uint32_t)ARRAY_SIZE(PROGRAM(__VA_ARGS__)))
#define REFUSES(error, at, ...)                                                \
	refuses(PROGRAM(__VA_ARGS__), COUNT(__VA_ARGS__), error, at)
#define ACCEPTS(need, ...)                                                     \
	accepts(PROGRAM(__VA_ARGS__), COUNT(__VA_ARGS__), need)

static void says(enum cbpf_error error, const char *what)
{
	assert_non_null(strstr(cbpf_error_text(error), what));
}

static void no_instruction(void **state)
{
	(void)state;
	refuses(NULL, 0, CBPF_EMPTY, 0);
	says(CBPF_EMPTY, "has no instruction");
	ACCEPTS(0, RET(0));
}

static void too_many_instructions(void **state)
{
	static struct cbpf_insn prog[CBPF_MAX + 1];
	const struct cbpf_insn add = ALU(BPF_ADD, 1), ret = RET_A;

	(void)state;
	for (uint32_t i = 0; i <= CBPF_MAX; i++)
		prog[i] = add;
	prog[CBPF_MAX - 1] = ret;
	prog[CBPF_MAX] = ret;
	refuses(prog, CBPF_MAX + 1, CBPF_TOO_LONG, 0);
	refuses(prog, UINT32_MAX, CBPF_TOO_LONG, 0);
	says(CBPF_TOO_LONG, "more than 4096 instructions");
	accepts(prog, CBPF_MAX, 0);
	/* All of them are executed. */
	assert_int_equal(cbpf_run(prog, CBPF_MAX, NULL, 0, 0), CBPF_MAX - 1);
}

/* Opcodes that exist are those bpf_filter() has a case for. */
static bool exists(unsigned int code)
{
	static const uint8_t all[] = {
		0x00, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x80, 0x01,
		0x61, 0x81, 0xb1, 0x02, 0x03, 0x04, 0x14, 0x24, 0x34, 0x44,
		0x54, 0x64, 0x74, 0x94, 0xa4, 0x0c, 0x1c, 0x2c, 0x3c, 0x4c,
		0x5c, 0x6c, 0x7c, 0x9c, 0xac, 0x84, 0x05, 0x15, 0x25, 0x35,
		0x45, 0x1d, 0x2d, 0x3d, 0x4d, 0x06, 0x16, 0x07, 0x87,
	};

	return code < 0x100 && memchr(all, (int)code, sizeof(all));
}

static void opcodes_that_do_not_exist(void **state)
{
	struct cbpf_insn prog[] = { ST(1), ALU(BPF_ADD, 1), RET(1) };
	struct cbpf_report report;

	(void)state;
	for (unsigned int code = 0; code < 0x10000; code++) {
		prog[1] = (struct cbpf_insn){ (uint16_t)code, 0, 0, 1 };
		if (code == (BPF_JMP | BPF_JA))
			prog[1].k = 0;
		if (exists(code))
			assert_true(cbpf_validate(prog, 3, &report));
		else
			refuses(prog, 3, CBPF_OPCODE, 1);
	}
	says(CBPF_OPCODE, "none of classic BPF");
}

static void what_is_not_in_the_frame(void **state)
{
	struct cbpf_program p;
	struct cbpf_report report;

	(void)state;
	REFUSES(CBPF_ANCILLARY, 0, LD_ABS(BPF_B, 0xfffff030), RET(0));
	REFUSES(CBPF_ANCILLARY, 0, LD_ABS(BPF_W, UINT32_MAX), RET(0));
	REFUSES(CBPF_ANCILLARY, 1, LD_ABS(BPF_H, INT32_MAX),
		LD_ABS(BPF_H, 0x80000000u), RET(0));
	says(CBPF_ANCILLARY, "\"inbound\"");
	ACCEPTS(0x80000003u, LD_ABS(BPF_W, INT32_MAX), RET(0));
	for (unsigned int optimise = 0; optimise < 2; optimise++) {
		assert_true(cbpf_compile("inbound", optimise, &p));
		assert_false(cbpf_validate(p.insn, p.n, &report));
		assert_int_equal(report.error, CBPF_ANCILLARY);
	}
}

static void memory_that_is_not_there(void **state)
{
	(void)state;
	REFUSES(CBPF_MEMORY, 0, ST(16), RET(0));
	REFUSES(CBPF_MEMORY, 1, ST(15), STX(UINT32_MAX), RET(0));
	REFUSES(CBPF_MEMORY, 1, ST(0), LD_MEM(16), RET(0));
	REFUSES(CBPF_MEMORY, 1, ST(0), LDX_MEM(0x10000000), RET(0));
	says(CBPF_MEMORY, "there are 16");
	ACCEPTS(0, ST(15), LD_MEM(15), RET(0));
}

static void memory_nobody_wrote(void **state)
{
	(void)state;
	REFUSES(CBPF_UNSET, 0, LD_MEM(0), RET(0));
	REFUSES(CBPF_UNSET, 1, ST(0), LD_MEM(1), RET(0));
	REFUSES(CBPF_UNSET, 1, STX(0), LDX_MEM(15), RET(0));
	/* The one that comes first, whichever word it is. */
	REFUSES(CBPF_UNSET, 0, LD_MEM(9), LD_MEM(3), RET(0));
	REFUSES(CBPF_UNSET, 0, LD_MEM(3), LD_MEM(9), RET(0));
	/* Written on one way, but not on the other. */
	REFUSES(CBPF_UNSET, 2, JEQ(1, 0, 1), ST(4), LD_MEM(4), RET(0));
	REFUSES(CBPF_UNSET, 3, JEQ(1, 1, 0), JA(1), ST(4), LD_MEM(4), RET(0));
	says(CBPF_UNSET, "not written on every way");
	ACCEPTS(0, JEQ(1, 0, 2), ST(4), JA(1), STX(4), LD_MEM(4), RET(0));
	/* No way leads there. */
	ACCEPTS(0, JA(1), LD_MEM(4), RET(0));
	ACCEPTS(0, RET(0), LD_MEM(4), RET(0));
}

static void division_by_nothing(void **state)
{
	(void)state;
	REFUSES(CBPF_DIVIDE, 0, ALU(BPF_DIV, 0), RET(0));
	REFUSES(CBPF_DIVIDE, 0, ALU(BPF_MOD, 0), RET(0));
	says(CBPF_DIVIDE, "divides by the constant 0");
	ACCEPTS(0, ALU(BPF_DIV, 1), ALU(BPF_MOD, 1), ALU(BPF_MUL, 0), RET(0));
	/* By X it may be written, and means "no". */
	ACCEPTS(0, BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(1));
}

static void wide_shifts(void **state)
{
	(void)state;
	REFUSES(CBPF_SHIFT, 0, ALU(BPF_LSH, 32), RET(0));
	REFUSES(CBPF_SHIFT, 0, ALU(BPF_RSH, UINT32_MAX), RET(0));
	says(CBPF_SHIFT, "more than 31 bits");
	ACCEPTS(0, ALU(BPF_LSH, 31), ALU(BPF_RSH, 31), RET(0));
	ACCEPTS(0, BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 99), RET(1));
}

static void backward_jumps(void **state)
{
	struct cbpf_program protochain;
	struct cbpf_report report;

	(void)state;
	REFUSES(CBPF_BACKWARD, 0, JA(UINT32_MAX), RET(0));
	REFUSES(CBPF_BACKWARD, 1, RET(0), JA((uint32_t)-2), RET(0));
	REFUSES(CBPF_BACKWARD, 0, JA(0x80000000u), RET(0));
	says(CBPF_BACKWARD, "\"protochain\"");
	assert_true(cbpf_compile("ip6 protochain 6", true, &protochain));
	assert_false(cbpf_validate(protochain.insn, protochain.n, &report));
	assert_int_equal(report.error, CBPF_BACKWARD);
}

static void jumps_out_of_the_program(void **state)
{
	(void)state;
	REFUSES(CBPF_OUTSIDE, 0, JA(1), RET(0));
	REFUSES(CBPF_OUTSIDE, 0, JA(INT32_MAX), RET(0));
	REFUSES(CBPF_OUTSIDE, 0, JEQ(0, 1, 0), RET(0));
	REFUSES(CBPF_OUTSIDE, 0, JEQ(0, 0, 255), RET(0));
	REFUSES(CBPF_OUTSIDE, 1, RET(0), JA(0));
	REFUSES(CBPF_OUTSIDE, 1, RET(0), JEQ(0, 0, 0));
	says(CBPF_OUTSIDE, "out of the program");
	ACCEPTS(0, JA(1), RET(0), RET(0));
}

static void the_end_is_no_return(void **state)
{
	(void)state;
	REFUSES(CBPF_NO_RETURN, 0, ALU(BPF_ADD, 1));
	REFUSES(CBPF_NO_RETURN, 1, RET(0), ST(0));
	says(CBPF_NO_RETURN, "no \"ret\"");
	ACCEPTS(0, RET_A);
}

static void every_error_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < CBPF_ERROR_COUNT; i++) {
		assert_string_not_equal(cbpf_error_key(i), "unknown");
		assert_string_not_equal(cbpf_error_text(i), "unknown");
		/* Says what to do as well. */
		if (i != CBPF_NONE)
			assert_non_null(strchr(cbpf_error_text(i), ';'));
	}
	assert_string_equal(cbpf_error_key(CBPF_ERROR_COUNT), "unknown");
	assert_string_equal(cbpf_error_text((enum cbpf_error) - 1), "unknown");
}

/* --- what is looked at -------------------------------------------------- */

static void what_is_looked_at(void **state)
{
	static const struct {
		const char *expression;
		uint32_t need;
	} known[] = {
		{ "greater 100", 0 },
		{ "broadcast", 6 },
		{ "ether[0] & 1 = 1", 1 },
		{ "arp", 14 },
		{ "ether[60:4] = 1", 64 },
		{ "vlan 5", 16 },
		{ "ip host 10.0.0.1", 34 },
		{ "vlan 5 and ip host 10.0.0.1", 38 },
		{ "ip6 host fd00::1", 54 },
		/* The largest IP header, then the ports. */
		{ "ip and tcp dst port 80", 14 + 60 + 4 },
		{ "vlan 5 and ip and tcp dst port 80", 18 + 60 + 4 },
		{ "tcp[13] & 2 != 0", 14 + 60 + 14 },
		{ "ip[ip[2]] = 0", CBPF_ALL },
	};
	struct cbpf_program p;
	struct cbpf_report report;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
		assert_true(cbpf_compile(known[i].expression, true, &p));
		assert_true(cbpf_validate(p.insn, p.n, &report));
		if (report.need != known[i].need)
			fail_msg("%s: %u, not %u", known[i].expression,
				 report.need, known[i].need);
	}
}

static void bounds_of_what_is_looked_at(void **state)
{
	(void)state;
	ACCEPTS(4, LD_ABS(BPF_W, 0), RET(1));
	ACCEPTS(12, LD_ABS(BPF_B, 11), LD_ABS(BPF_H, 3), RET(1));
	ACCEPTS(15, LDX_MSH(14), RET(1));
	/* X is 0 at the start. */
	ACCEPTS(6, LD_IND(BPF_H, 4), RET(1));
	ACCEPTS(106, LDX_IMM(100), LD_IND(BPF_H, 4), RET(1));
	ACCEPTS(66, LDX_MSH(14), LDX_IMM(9), LD_IND(BPF_H, 4), RET(1));
	/* X is anything. */
	ACCEPTS(CBPF_ALL, BPF_STMT(BPF_MISC | BPF_TAX, 0), LD_IND(BPF_B, 0),
		RET(1));
	ACCEPTS(CBPF_ALL, BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0),
		LD_IND(BPF_B, 0), RET(1));
	ACCEPTS(CBPF_ALL, ST(0), LDX_MEM(0), LD_IND(BPF_B, 0), RET(1));
	/* Sums that do not fit. */
	ACCEPTS(CBPF_ALL, LD_IND(BPF_B, UINT32_MAX), RET(1));
	ACCEPTS(CBPF_ALL, LDX_MSH(UINT32_MAX), RET(1));
	ACCEPTS(CBPF_ALL, LDX_IMM(UINT32_MAX), LD_IND(BPF_B, 2), RET(1));
	/* Anything, but no load depends on it. */
	ACCEPTS(1, BPF_STMT(BPF_MISC | BPF_TAX, 0), LD_ABS(BPF_B, 0), RET(1));
}

/* --- running ------------------------------------------------------------ */

#define RUN(head, len, ...)                                                    \
	cbpf_run(PROGRAM(__VA_ARGS__), COUNT(__VA_ARGS__), head, len, 1000)

static void loads_beyond_the_head_say_no(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5 };
	struct cbpf_rig rig;
	const uint8_t *head;

	(void)state;
	cbpf_rig_init(&rig, 1);
	head = cbpf_place(&rig, bytes, 5);
	assert_int_equal(RUN(head, 5, LD_ABS(BPF_W, 1), RET_A), 0x02030405);
	assert_int_equal(RUN(head, 5, LD_ABS(BPF_W, 2), RET(1)), 0);
	assert_int_equal(RUN(head, 5, LD_ABS(BPF_H, 3), RET_A), 0x0405);
	assert_int_equal(RUN(head, 5, LD_ABS(BPF_H, 4), RET(1)), 0);
	assert_int_equal(RUN(head, 5, LD_ABS(BPF_B, 4), RET_A), 5);
	assert_int_equal(RUN(head, 5, LD_ABS(BPF_B, 5), RET(1)), 0);
	assert_int_equal(RUN(head, 5, LDX_MSH(5), RET(1)), 0);
	/* Addresses that would wrap, and Linux's ancillary data. */
	assert_int_equal(RUN(head, 5, LD_ABS(BPF_W, UINT32_MAX), RET(1)), 0);
	assert_int_equal(RUN(head, 5, LD_ABS(BPF_B, 0xfffff030), RET(1)), 0);
	assert_int_equal(
		RUN(head, 5, LDX_IMM(2), LD_IND(BPF_B, UINT32_MAX), RET(1)), 0);
	assert_int_equal(RUN(NULL, 0, LD_ABS(BPF_B, 0), RET(1)), 0);
	assert_int_equal(RUN(NULL, 0, BPF_STMT(BPF_LD | BPF_LEN, 0), RET_A),
			 1000);
	cbpf_rig_exit(&rig);
}

/* Nothing holds back a program nobody validated, but it stays inside. */
static void hc03_whatever_it_is_it_ends_and_stays_inside(void **state)
{
	static struct cbpf_program p;
	uint8_t bytes[CBPF_RIG_FRAME];
	struct cbpf_rig rig;

	(void)state;
	cbpf_rig_init(&rig, 2);
	assert_int_equal(RUN(NULL, 0, JA(UINT32_MAX), RET(1)), 0);
	assert_int_equal(RUN(NULL, 0, JA(0), JA((uint32_t)-2), RET(1)), 0);
	assert_int_equal(RUN(NULL, 0, ST(99), LDX_MEM(0xffff), RET(1)), 1);
	assert_int_equal(RUN(NULL, 0, ALU(BPF_DIV, 0), RET(1)), 0);
	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t len = cbpf_frame(&rig, bytes);
		uint32_t head = cbpf_random(&rig, len + 1);

		cbpf_noise(&rig, &p);
		cbpf_run(p.insn, p.n, cbpf_place(&rig, bytes, head), head, len);
	}
	cbpf_rig_exit(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_instruction),
		cmocka_unit_test(too_many_instructions),
		cmocka_unit_test(opcodes_that_do_not_exist),
		cmocka_unit_test(what_is_not_in_the_frame),
		cmocka_unit_test(memory_that_is_not_there),
		cmocka_unit_test(memory_nobody_wrote),
		cmocka_unit_test(division_by_nothing),
		cmocka_unit_test(wide_shifts),
		cmocka_unit_test(backward_jumps),
		cmocka_unit_test(jumps_out_of_the_program),
		cmocka_unit_test(the_end_is_no_return),
		cmocka_unit_test(every_error_has_a_name),
		cmocka_unit_test(what_is_looked_at),
		cmocka_unit_test(bounds_of_what_is_looked_at),
		cmocka_unit_test(loads_beyond_the_head_say_no),
		cmocka_unit_test(hc03_whatever_it_is_it_ends_and_stays_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
