/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows of TCP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_rig.h"

#define SYN PACKET_SYN
#define ACK PACKET_ACK
#define RST PACKET_RST
#define FIN PACKET_FIN

/* As in a whole connection: opened, answered, closed from both ends. */
static void a_connection(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);

		tcp_out(&k, version, SYN);
		sent(t, &k, NOW);
		assert_int_equal(only(t, NOW).left, 60);
		tcp_in(&k, version, SYN | ACK);
		assert_true(answers(t, &k, NOW + 59));
		assert_false(answers(t, &k, NOW + 60));
		answered(t, &k, NOW + 1);
		assert_int_equal(only(t, NOW + 1).state, FLOW_ANSWERED);
		tcp_out(&k, version, ACK);
		sent(t, &k, NOW + 1);
		assert_int_equal(only(t, NOW + 1).left, 7440);
		tcp_in(&k, version, ACK);
		assert_true(answers(t, &k, NOW + 7440));
		assert_false(answers(t, &k, NOW + 7441));
		tcp_in(&k, version, FIN | ACK);
		answered(t, &k, NOW + 2);
		assert_int_equal(only(t, NOW + 2).state, FLOW_ANSWERED);
		tcp_out(&k, version, FIN | ACK);
		sent(t, &k, NOW + 3);
		assert_int_equal(only(t, NOW + 3).state, FLOW_CLOSING);
		tcp_in(&k, version, ACK);
		assert_true(answers(t, &k, NOW + 32));
		assert_false(answers(t, &k, NOW + 33));
		free(t);
	}
}

static void hc18_a_syn_is_never_an_answer(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		tcp_out(&k, version, ACK);
		sent(t, &k, NOW);
		for (unsigned int flags = 0; flags < 256; flags++) {
			tcp_in(&k, version, flags);
			assert_int_equal(answers(t, &k, NOW),
					 (flags & (SYN | ACK)) != SYN);
		}
	}
	free(t);
}

static void what_begins_a_connection(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int flags = 0; flags < 256; flags++) {
		struct flow_table *t = flows_new(8);
		bool begins = !(flags & RST) &&
			      (flags & (SYN | ACK)) != (SYN | ACK);

		tcp_out(&k, 0, flags);
		sent(t, &k, NOW);
		assert_int_equal(flow_count(t), begins);
		tcp_in(&k, 0, ACK);
		assert_int_equal(answers(t, &k, NOW), begins);
		if (begins) {
			assert_int_equal(only(t, NOW).state, FLOW_OPENED);
			assert_int_equal(only(t, NOW).left, 60);
		}
		free(t);
	}
}

static void a_connection_in_the_middle(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	/* It begins one, */
	tcp_out(&k, 0, ACK);
	sent(t, &k, NOW);
	tcp_in(&k, 0, ACK);
	answered(t, &k, NOW);
	assert_int_equal(only(t, NOW).state, FLOW_ANSWERED);
	/* and revives one. */
	assert_false(answers(t, &k, NOW + 8000));
	tcp_out(&k, 0, ACK);
	sent(t, &k, NOW + 8000);
	tcp_in(&k, 0, ACK);
	assert_true(answers(t, &k, NOW + 8000));
	free(t);
}

static void a_reset_closes_from_either_side(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int side = 0; side < 2; side++) {
		struct flow_table *t = flows_new(8);

		tcp_out(&k, 0, SYN);
		sent(t, &k, NOW);
		tcp_in(&k, 0, SYN | ACK);
		answered(t, &k, NOW);
		if (side) {
			tcp_out(&k, 0, RST);
			sent(t, &k, NOW + 5);
		} else {
			tcp_in(&k, 0, RST | ACK);
			answered(t, &k, NOW + 5);
		}
		assert_int_equal(only(t, NOW + 5).state, FLOW_CLOSING);
		assert_int_equal(only(t, NOW + 5).left, 30);
		/* Who does not believe it goes on. */
		tcp_out(&k, 0, ACK);
		sent(t, &k, NOW + 34);
		tcp_in(&k, 0, ACK);
		answered(t, &k, NOW + 63);
		assert_int_equal(only(t, NOW + 63).state, FLOW_CLOSING);
		assert_false(answers(t, &k, NOW + 93));
		free(t);
	}
}

static void a_refused_connection(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	tcp_out(&k, 0, SYN);
	sent(t, &k, NOW);
	tcp_in(&k, 0, RST | ACK);
	answered(t, &k, NOW);
	assert_int_equal(only(t, NOW).state, FLOW_CLOSING);
	free(t);
}

static void one_fin_does_not_close(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int side = 0; side < 2; side++) {
		struct flow_table *t = flows_new(8);

		tcp_out(&k, 0, ACK);
		sent(t, &k, NOW);
		tcp_in(&k, 0, ACK);
		answered(t, &k, NOW);
		for (unsigned int i = 0; i < 3; i++) {
			if (side) {
				tcp_out(&k, 0, FIN | ACK);
				sent(t, &k, NOW + i);
			} else {
				tcp_in(&k, 0, FIN | ACK);
				answered(t, &k, NOW + i);
			}
			assert_int_equal(only(t, NOW + i).state, FLOW_ANSWERED);
		}
		free(t);
	}
}

static void a_new_syn_begins_anew(void **state)
{
	struct flow_table *t = flows_new(8);
	struct pkt k;

	(void)state;
	tcp_out(&k, 0, FIN | ACK);
	sent(t, &k, NOW);
	tcp_in(&k, 0, FIN | ACK);
	answered(t, &k, NOW);
	assert_int_equal(only(t, NOW).state, FLOW_CLOSING);
	tcp_out(&k, 0, SYN);
	sent(t, &k, NOW + 1);
	assert_int_equal(only(t, NOW + 1).state, FLOW_OPENED);
	assert_int_equal(only(t, NOW + 1).left, 60);
	/* The FINs of the last one are forgotten. */
	tcp_in(&k, 0, SYN | ACK);
	answered(t, &k, NOW + 1);
	tcp_in(&k, 0, FIN | ACK);
	answered(t, &k, NOW + 1);
	assert_int_equal(only(t, NOW + 1).state, FLOW_ANSWERED);
	assert_int_equal(flow_counts(t).opened, 1);
	free(t);
}

static void hc18_what_is_not_sound_is_of_no_flow(void **state)
{
	struct flow_table *t = flows_new(8);
	struct packet p;
	struct pkt k;

	(void)state;
	for (unsigned int flaw = PACKET_CUT; flaw <= PACKET_TAGS; flaw++) {
		tcp_out(&k, 0, SYN);
		finish(&k);
		p = parse(&k);
		p.flaw = (uint8_t)flaw;
		flow_opened(t, &p, &there, RULE, GENERATION, NOW);
		assert_int_equal(flow_count(t), 0);
	}
	tcp_out(&k, 0, SYN);
	sent(t, &k, NOW);
	tcp_in(&k, 0, SYN | ACK);
	finish(&k);
	for (unsigned int n = 14; n <= k.n; n++) {
		struct frame *f = frame_new(&k, k.n, n);
		struct flow_hit hit;

		packet_parse(f, &p);
		assert_int_equal(flow_answers(t, f, &p, &back, NOW, &hit),
				 n == k.n);
		free(f);
	}
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection),
		cmocka_unit_test(hc18_a_syn_is_never_an_answer),
		cmocka_unit_test(what_begins_a_connection),
		cmocka_unit_test(a_connection_in_the_middle),
		cmocka_unit_test(a_reset_closes_from_either_side),
		cmocka_unit_test(a_refused_connection),
		cmocka_unit_test(one_fin_does_not_close),
		cmocka_unit_test(a_new_syn_begins_anew),
		cmocka_unit_test(hc18_what_is_not_sound_is_of_no_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
