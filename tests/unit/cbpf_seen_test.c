/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run of classic BPF says it has read.
 *
 * The promise is tried as it is used: of a frame all is changed that was not
 * read, its length as well, and the verdict has to stay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/cbpf_rig.h"

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))
#define RUNS 300000u

static struct cbpf_rig rig;

static bool is_seen(const struct policy_seen *seen, unsigned int byte)
{
	return seen->bytes >> byte & 1;
}

/* Bytes a frame must have to have all of them. */
static uint32_t reach(const struct policy_seen *seen)
{
	uint32_t n = POLICY_SEEN_BYTES;

	while (n > 0 && !is_seen(seen, n - 1))
		n--;
	return n;
}

/* --- single instructions ------------------------------------------------ */

/* Which bytes one instruction reads of a frame of 100, 80 of them there. */
static struct policy_seen seen_by(struct cbpf_insn in, uint32_t x)
{
	const struct cbpf_insn prog[] = {
		{ 0x01, 0, 0, x }, /* ldx #x */
		in,
		{ 0x06, 0, 0, 1 }, /* ret #1 */
	};
	uint8_t frame[80] = { 0 };
	struct policy_seen seen = { .all = false };
	uint32_t verdict = cbpf_run_seen(prog, COUNT(prog), frame,
					 sizeof(frame), 100, &seen);

	assert_int_equal(verdict, cbpf_run(prog, COUNT(prog), frame,
					   sizeof(frame), 100));
	return seen;
}

static void reads(struct cbpf_insn in, uint32_t x, unsigned int first,
		  unsigned int n)
{
	struct policy_seen seen = seen_by(in, x);

	assert_false(seen.all);
	for (unsigned int i = 0; i < POLICY_SEEN_BYTES; i++)
		assert_int_equal(is_seen(&seen, i),
				 i >= first && i < first + n);
}

static void reads_more(struct cbpf_insn in, uint32_t x)
{
	struct policy_seen seen = seen_by(in, x);

	assert_true(seen.all);
	assert_int_equal(reach(&seen), 0);
}

static void loads_are_seen_to_the_byte(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < 84; at++) {
		const struct cbpf_insn load[] = {
			{ 0x30, 0, 0, at }, { 0x28, 0, 0, at },
			{ 0x20, 0, 0, at }, { 0x50, 0, 0, at },
			{ 0x48, 0, 0, at }, { 0x40, 0, 0, at },
			{ 0xb1, 0, 0, at },
		};
		const uint32_t size[] = { 1, 2, 4, 1, 2, 4, 1 };

		for (unsigned int i = 0; i < COUNT(load); i++) {
			uint32_t x = 3 * i;
			uint32_t from = i >= 3 && i < 6 ? at + x : at;

			if (from + size[i] <= POLICY_SEEN_BYTES)
				reads(load[i], x, from, size[i]);
			else
				reads_more(load[i], x);
		}
	}
}

static void what_is_no_byte_is_all(void **state)
{
	(void)state;
	reads_more((struct cbpf_insn){ 0x80, 0, 0, 0 }, 0); /* ld len */
	reads_more((struct cbpf_insn){ 0x81, 0, 0, 0 }, 0); /* ldx len */
	/* An address that does not fit 32 bits does not come round. */
	reads_more((struct cbpf_insn){ 0x50, 0, 0, 4 }, UINT32_MAX);
	reads((struct cbpf_insn){ 0x00, 0, 0, 7 }, 0, 0, 0); /* ld #7 */
	reads((struct cbpf_insn){ 0x87, 0, 0, 0 }, 5, 0, 0); /* txa */
}

static void several_runs_add_up(void **state)
{
	const struct cbpf_insn first[] = { { 0x28, 0, 0, 12 }, { 6, 0, 0, 0 } };
	const struct cbpf_insn second[] = { { 0x30, 0, 0, 23 },
					    { 6, 0, 0, 1 } };
	const struct cbpf_insn length[] = { { 0x80, 0, 0, 0 }, { 6, 0, 0, 1 } };
	const uint8_t frame[60] = { 0 };
	struct policy_seen seen = { .all = false };

	(void)state;
	assert_int_equal(cbpf_run_seen(first, 2, frame, 60, 60, &seen), 0);
	assert_int_equal(cbpf_run_seen(second, 2, frame, 60, 60, &seen), 1);
	assert_false(seen.all);
	for (unsigned int i = 0; i < POLICY_SEEN_BYTES; i++)
		assert_int_equal(is_seen(&seen, i),
				 i == 12 || i == 13 || i == 23);
	assert_int_equal(cbpf_run_seen(length, 2, frame, 60, 60, &seen), 1);
	assert_true(seen.all);
	assert_int_equal(cbpf_run_seen(first, 2, frame, 60, 60, &seen), 0);
	assert_true(seen.all);
}

static void what_tcp_dst_port_80_reads(void **state)
{
	uint8_t frame[64] = { [12] = 8, [14] = 0x45, [23] = 6, [37] = 80 };
	struct policy_seen seen = { .all = false };
	struct cbpf_program p;

	(void)state;
	assert_true(cbpf_compile("tcp dst port 80", true, &p));
	assert_int_not_equal(cbpf_run_seen(p.insn, p.n, frame, 64, 1000, &seen),
			     0);
	assert_false(seen.all);
	for (unsigned int i = 0; i < POLICY_SEEN_BYTES; i++)
		assert_int_equal(is_seen(&seen, i),
				 i == 12 || i == 13 || i == 14 || i == 20 ||
					 i == 21 || i == 23 || i == 36 ||
					 i == 37);
}

/* --- the promise -------------------------------------------------------- */

/* Another frame with the same bytes where they were read. */
static uint32_t another(const struct policy_seen *seen, const uint8_t *frame,
			uint8_t *bytes)
{
	uint32_t from = reach(seen);
	uint32_t len = from + cbpf_random(&rig, CBPF_RIG_FRAME + 1 - from);

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = i < POLICY_SEEN_BYTES && is_seen(seen, i)
				   ? frame[i]
				   : (uint8_t)cbpf_random32(&rig);
	return len;
}

/* Return: whether a verdict depended on what was read alone. */
static bool try_promise(const struct cbpf_program *p)
{
	uint8_t frame[CBPF_RIG_FRAME], other[CBPF_RIG_FRAME];
	struct policy_seen seen = { .all = false }, again;
	uint32_t len = cbpf_frame(&rig, frame);
	uint32_t head = cbpf_random(&rig, 4) ? len : cbpf_random(&rig, len + 1);
	const uint8_t *at = cbpf_place(&rig, frame, head);
	uint32_t verdict = cbpf_run_seen(p->insn, p->n, at, head, len, &seen);

	assert_int_equal(verdict, cbpf_run(p->insn, p->n, at, head, len));
	if (seen.all)
		return false;
	assert_true(reach(&seen) <= head);
	for (unsigned int n = 0; n < 4; n++) {
		head = another(&seen, frame, other);
		at = cbpf_place(&rig, other, head);
		again = (struct policy_seen){ .all = false };
		assert_int_equal(cbpf_run_seen(p->insn, p->n, at, head,
					       head + cbpf_random(&rig, 1400),
					       &again),
				 verdict);
		assert_true(again.bytes == seen.bytes);
		assert_false(again.all);
	}
	return true;
}

static void hc18_only_what_is_seen_matters(void **state)
{
	unsigned int held = 0, expressions = 0;
	struct cbpf_report report;
	struct cbpf_program p;

	(void)state;
	while (cbpf_expressions[expressions])
		expressions++;
	for (unsigned int n = 0; n < RUNS / 50; n++) {
		const char *e =
			cbpf_expressions[cbpf_random(&rig, expressions)];

		assert_true(cbpf_compile(e, cbpf_random(&rig, 2), &p));
		if (cbpf_random(&rig, 2))
			cbpf_mutate(&rig, &p);
		if (cbpf_random(&rig, 4) == 0)
			cbpf_invent(&rig, &p);
		if (!cbpf_validate(p.insn, p.n, &report))
			continue;
		for (unsigned int i = 0; i < 50; i++)
			held += try_promise(&p);
	}
	print_message("%u verdicts depend on bytes alone\n", held);
	assert_true(held > RUNS / 4);
}

static int init(void **state)
{
	(void)state;
	cbpf_rig_init(&rig, 18);
	return 0;
}

static int fini(void **state)
{
	(void)state;
	cbpf_rig_exit(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_are_seen_to_the_byte),
		cmocka_unit_test(what_is_no_byte_is_all),
		cmocka_unit_test(several_runs_add_up),
		cmocka_unit_test(what_tcp_dst_port_80_reads),
		cmocka_unit_test(hc18_only_what_is_seen_matters),
	};

	return cmocka_run_group_tests(tests, init, fini);
}
