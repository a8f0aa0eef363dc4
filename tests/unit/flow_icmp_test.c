/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows of ICMP: what answers, and what does not.  flow_near_test.c has ARP and
 * neighbour discovery.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_rig.h"

/* --- echoes and the like ------------------------------------------------ */

static bool is_request(unsigned int version, unsigned int type)
{
	if (version)
		return type == 128;
	return type == 8 || type == 13 || type == 15 || type == 17;
}

static unsigned int reply_to(unsigned int type)
{
	return type == 8 ? 0 : type + 1;
}

/* Neighbour discovery has more than put_icmp() puts; see below. */
static bool is_nd(unsigned int version, unsigned int type)
{
	return version && type >= 133 && type <= 137;
}

static void requests_are_answered_by_their_replies_alone(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		for (unsigned int type = 0; type < 256; type++) {
			struct flow_table *t = flows_new(8);

			if (is_nd(version, type)) {
				free(t);
				continue;
			}
			icmp_out(&k, version, type, 0x4321);
			sent(t, &k, NOW);
			assert_int_equal(flow_count(t),
					 is_request(version, type));
			for (unsigned int in = 0; in < 256; in++) {
				icmp_in(&k, version, in, 0x4321);
				assert_int_equal(answers(t, &k, NOW),
						 is_request(version, type) &&
							 in == reply_to(type));
			}
			free(t);
		}
	}
}

static void an_echo_lives_and_ends(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		struct flow_table *t = flows_new(8);
		unsigned int reply = version ? 129 : 0;
		struct flow_entry e;

		icmp_out(&k, version, version ? 128 : 8, 0x4321);
		sent(t, &k, NOW);
		e = only(t, NOW);
		assert_int_equal(e.protocol, version ? 58 : 1);
		assert_int_equal(e.from_port, 0x4321);
		assert_int_equal(e.to_port, 0);
		icmp_in(&k, version, reply, 0x4322);
		assert_false(answers(t, &k, NOW));
		icmp_in(&k, version, reply, 0x4321);
		assert_true(answers(t, &k, NOW + 59));
		assert_false(answers(t, &k, NOW + 60));
		answered(t, &k, NOW + 59);
		assert_int_equal(only(t, NOW + 59).state, FLOW_ANSWERED);
		assert_int_equal(only(t, NOW + 59).left, 60);
		/* A reply from a is no request. */
		icmp_out(&k, version, reply, 0x4321);
		assert_false(answers_on(t, &k, &there, NOW + 59, NULL));
		free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered_by_their_replies_alone),
		cmocka_unit_test(an_echo_lives_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
