/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address locks: what calls itself MLD or neighbour discovery is held to the
 * letter (hostile case 33).
 */
#include "tests/unit/lock_rig.h"

static const struct ip_addr nobody, own = { 0x20010db800000000, 1 };
static const struct ip_addr all_nodes = { 0xff02ull << 48, 1 };

/* From nowhere, behind hop-by-hop options. */
static void put_report(struct pkt *k, struct ip_addr dst)
{
	put_start(k, 0, nobody, dst);
	put_extension(k, PACKET_ICMPV6, 1);
}

static void hc33_what_calls_itself_a_report(void **state)
{
	static const unsigned int types[] = { 131, 132, 143 };
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		for (unsigned int wrong = 0; wrong < 6; wrong++) {
			put_report(&k, wrong == 1 ? own : all_nodes);
			put_icmp(&k, types[i], wrong == 2, 0);
			set_hops(&k, wrong == 3 ? 255 : 1);
			put_zeros(&k, wrong == 4 ? 17 : 16);
			finish(&k);
			if (wrong == 5)
				put_zeros(&k, 1);
			/* A report of version 2 is as long as it is. */
			assert_int_equal(allows_raw(&k),
					 !wrong || (wrong == 4 && i == 2));
			k.b[k.icmp + 2] ^= 1;
			assert_false(allows_raw(&k));
		}
	}
	/* One for many groups is longer than what is judged. */
	put_report(&k, all_nodes);
	put_icmp(&k, 143, 0, 0);
	set_hops(&k, 1);
	put_zeros(&k, 20 * 40);
	assert_true(allows(&k));
}

/* From its own addresses too. */
static void hc33_what_calls_itself_discovery(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int type = 135u; type <= 136u; type++) {
		put_start(&k, PACKET_ICMPV6, own, all_nodes);
		put_nd(&k, type, own);
		assert_true(allows(&k));
		for (unsigned int hops = 0; hops < 255; hops++) {
			set_hops(&k, hops);
			assert_false(allows(&k));
		}
		set_hops(&k, 255);
		assert_true(allows(&k));
		k.b[k.icmp + 2] ^= 1;
		assert_false(allows_raw(&k));
		k.b[k.icmp + 2] ^= 1;
		put_zeros(&k, 1);
		assert_false(allows_raw(&k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc33_what_calls_itself_a_report),
		cmocka_unit_test(hc33_what_calls_itself_discovery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
