/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF against libpcap's own bpf_filter(): the same verdict for every
 * pair of a program and a frame, a million of them and more.
 *
 * Where cbpf_validate() and bpf_validate() differ, ours is the stricter, for
 * one of the reasons policy/cbpf.h gives.  bpf_filter() only ever gets what
 * cbpf_validate() accepted: it aborts on an opcode it does not know, and reads
 * scratch memory as it finds it.
 *
 * The seed is printed; WEIR_TEST_SEED=N takes another one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/cbpf_rig.h"

/* Of each kind of program that libpcap did not compile, at least. */
#define PAIRS 1000000u
#define FRAMES 8192u

static struct cbpf_rig rig;
static uint64_t pairs;

/* Frames are made once, programs run over a choice of them. */
static struct {
	uint32_t len;
	uint8_t bytes[CBPF_RIG_FRAME];
} frames[FRAMES];

static const uint64_t *seed(void)
{
	static uint64_t value = 20;
	const char *text = getenv("WEIR_TEST_SEED");

	if (text)
		value = strtoull(text, NULL, 0);
	return &value;
}

static void set_up(void)
{
	print_message("seed %llu\n", (unsigned long long)*seed());
	cbpf_rig_init(&rig, *seed());
	for (unsigned int i = 0; i < FRAMES; i++)
		frames[i].len = cbpf_frame(&rig, frames[i].bytes);
}

/* The verdict of both on a frame of which @head bytes are there. */
static uint32_t verdict(const struct cbpf_program *p, unsigned int frame,
			uint32_t head)
{
	uint32_t len = frames[frame].len;
	const uint8_t *at = cbpf_place(&rig, frames[frame].bytes, head);
	uint32_t ours = cbpf_run(p->insn, p->n, at, head, len);
	/* Its lengths are the other way round. */
	uint32_t theirs = bpf_filter(p->pcap, at, len, head);

	pairs++;
	if (ours != theirs) {
		for (uint32_t i = 0; i < p->n; i++)
			print_error("%s\n", bpf_image(&p->pcap[i], (int)i));
		fail_msg("seed %llu, frame %u, %u of %u bytes: %u, not %u",
			 (unsigned long long)*seed(), frame, head, len, ours,
			 theirs);
	}
	return ours;
}

/* On the whole frame, on as much as it needs, and on some of it. */
static uint32_t verdicts(const struct cbpf_program *p, unsigned int frame,
			 uint32_t need)
{
	uint32_t len = frames[frame].len;
	uint32_t whole = verdict(p, frame, len);
	uint32_t seen = verdict(p, frame, need < len ? need : len);

	if (whole != seen)
		fail_msg("seed %llu, frame %u: %u bytes are not enough",
			 (unsigned long long)*seed(), frame, need);
	verdict(p, frame, cbpf_random(&rig, len + 1));
	return whole;
}

static unsigned int any_frame(void)
{
	return cbpf_random(&rig, FRAMES);
}

static uint32_t expect_valid(const struct cbpf_program *p, const char *what)
{
	struct cbpf_report report;

	assert_true(bpf_validate(p->pcap, (int)p->n));
	if (!cbpf_validate(p->insn, p->n, &report))
		fail_msg("%s: instruction %u %s", what, report.at,
			 cbpf_error_text(report.error));
	return report.need;
}

/* Whether an expression is true of some frame and false of another. */
static bool compare_expression(const char *expression, bool optimise)
{
	struct cbpf_program p;
	bool yes = false, no = false;
	uint32_t need;

	if (!cbpf_compile(expression, optimise, &p))
		fail_msg("%s: not compiled", expression);
	need = expect_valid(&p, expression);
	for (unsigned int i = 0; i < FRAMES; i++) {
		bool answer = verdicts(&p, i, need);

		yes |= answer;
		no |= !answer;
	}
	return yes && no;
}

static void hc18_what_libpcap_compiles(void **state)
{
	unsigned int count = 0, both = 0;

	(void)state;
	for (const char *const *e = cbpf_expressions; *e; e++, count++) {
		bool optimised = compare_expression(*e, true);

		compare_expression(*e, false);
		both += optimised;
		if (!optimised)
			print_message("%s: always the same\n", *e);
	}
	print_message("%u expressions\n", count);
	assert_true(count >= 60);
	/* Otherwise the frames are not what the expressions ask for. */
	if (both < count)
		fail_msg("%u of %u expressions tell frames apart", both, count);
}

static void cut(const char *expression, bool optimise)
{
	struct cbpf_program p;

	if (!cbpf_compile(expression, optimise, &p))
		fail_msg("%s: not compiled", expression);
	for (unsigned int n = 0; n < 32; n++) {
		unsigned int frame = any_frame();

		for (uint32_t head = 0; head <= frames[frame].len; head++)
			verdict(&p, frame, head);
	}
}

static void hc12_cut_at_every_byte(void **state)
{
	(void)state;
	for (const char *const *e = cbpf_expressions; *e; e++) {
		cut(*e, true);
		cut(*e, false);
	}
}

/* bpf_validate() may accept what we refuse, for these reasons only. */
static void expect_reason(const struct cbpf_program *p,
			  const struct cbpf_report *report)
{
	if (!bpf_validate(p->pcap, (int)p->n))
		return;
	switch (report->error) {
	case CBPF_OPCODE:
	case CBPF_ANCILLARY:
	case CBPF_UNSET:
	case CBPF_SHIFT:
	case CBPF_BACKWARD:
		return;
	default:
		fail_msg("seed %llu: libpcap accepts, but instruction %u %s",
			 (unsigned long long)*seed(), report->at,
			 cbpf_error_text(report->error));
	}
}

/* Return: whether it was valid. */
static bool compare_program(const struct cbpf_program *p)
{
	struct cbpf_report report;

	if (!cbpf_validate(p->insn, p->n, &report)) {
		expect_reason(p, &report);
		return false;
	}
	assert_true(bpf_validate(p->pcap, (int)p->n));
	for (unsigned int n = 0; n < 8; n++)
		verdicts(p, any_frame(), report.need);
	return true;
}

static void hc18_changed_programs(void **state)
{
	unsigned int expressions = 0, valid = 0, all = 0;
	uint64_t before = pairs;
	struct cbpf_program base, p;

	(void)state;
	while (cbpf_expressions[expressions])
		expressions++;
	while (pairs - before < PAIRS) {
		const char *e =
			cbpf_expressions[cbpf_random(&rig, expressions)];

		if (!cbpf_compile(e, cbpf_random(&rig, 2), &base))
			fail_msg("%s: not compiled", e);
		for (unsigned int n = 0; n < 100; n++, all++) {
			p.n = base.n;
			memcpy(p.insn, base.insn, base.n * sizeof(*p.insn));
			cbpf_mutate(&rig, &p);
			valid += compare_program(&p);
		}
	}
	print_message("%u of %u valid\n", valid, all);
}

static void hc18_made_up_programs(void **state)
{
	unsigned int valid = 0, all = 0;
	uint64_t before = pairs;
	struct cbpf_program p;

	(void)state;
	while (pairs - before < PAIRS) {
		cbpf_invent(&rig, &p);
		valid += compare_program(&p);
		all++;
	}
	print_message("%u of %u valid\n", valid, all);
	print_message("%llu pairs in all\n", (unsigned long long)pairs);
}

static int init(void **state)
{
	(void)state;
	set_up();
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
		cmocka_unit_test(hc18_what_libpcap_compiles),
		cmocka_unit_test(hc12_cut_at_every_byte),
		cmocka_unit_test(hc18_changed_programs),
		cmocka_unit_test(hc18_made_up_programs),
	};

	return cmocka_run_group_tests(tests, init, fini);
}
