/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What passes for address resolution is nothing else (hostile case 33): each
 * rule of packet_resolves() by itself, and all of them against a second judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/packet_oracle.h"
#include "tests/unit/packet_rig.h"

#define NS 135u
#define NA 136u

static const struct ip_addr nobody, all_nodes = { 0xff02ull << 48, 1 };

static bool resolves_part(const struct pkt *k, unsigned int snap)
{
	struct frame *f = frame_new(k, k->n, snap < k->n ? snap : k->n);
	struct packet p;
	bool yes;

	packet_parse(f, &p);
	yes = packet_resolves(f, &p);
	free(f);
	return yes;
}

static bool resolves(const struct pkt *k)
{
	return resolves_part(k, PACKET_SNAP);
}

/* --- ARP ---------------------------------------------------------------- */

static void hc33_arp_to_the_letter(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int op = 0; op < 12; op++) {
		put_arp(&k, op, v4(1), v4(2));
		assert_int_equal(resolves(&k), op == 1 || op == 2);
	}
	put_arp(&k, 1, v4(1), v4(2));
	/* Hardware type, protocol, their lengths, the operation. */
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint8_t *b = k.b + 14 + bit / 8;

		*b ^= (uint8_t)(1u << bit % 8);
		assert_false(resolves(&k));
		*b ^= (uint8_t)(1u << bit % 8);
	}
	for (unsigned int n = 14; n < 42; n++) {
		k.n = n;
		assert_false(resolves(&k));
	}
	k.n = 42;
	assert_true(resolves(&k));
}

/* Padding is of no account, but there is no more of it than Ethernet wants. */
static void hc33_behind_arp_is_padding(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int tags = 0; tags < 3; tags++) {
		put_eth(&k, 0x0806);
		k.n -= 2;
		for (unsigned int i = 0; i < tags; i++)
			put32(&k, 0x81000005);
		put16(&k, 0x0806);
		memset(k.b + k.n, 0, 28);
		memcpy(k.b + k.n, "\0\1\10\0\6\4\0\1", 8);
		k.n += 28;
		while (k.n < 200) {
			assert_int_equal(resolves(&k), k.n <= 60 + 4 * tags);
			put8(&k, 0xee);
		}
	}
}

/* --- neighbour discovery ------------------------------------------------ */

static void put_neighbour(struct pkt *k, unsigned int type, struct ip_addr src,
			  struct ip_addr dst, struct ip_addr target)
{
	put_start(k, PACKET_ICMPV6, src, dst);
	put_nd(k, type, target);
}

static void hc33_discovery_to_the_letter(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int type = NS; type <= NA; type++) {
		put_neighbour(&k, type, v6(1), v6(2), v6(3));
		put_nd_option(&k, type - 134, 0x020000000001);
		put_nd_option(&k, 14, 0x112233445566);
		finish(&k);
		assert_true(resolves(&k));
		for (unsigned int hops = 0; hops < 256; hops++) {
			set_hops(&k, hops);
			assert_int_equal(resolves(&k), hops == 255);
		}
		/* Whatever the sum is over. */
		for (unsigned int at = 22; at < k.n; at++) {
			k.b[at] ^= 0x10;
			assert_false(resolves(&k));
			k.b[at] ^= 0x10;
		}
		k.b[55] = 1;
		finish(&k);
		assert_false(resolves(&k));
		k.b[55] = 0;
		finish(&k);
		assert_true(resolves(&k));
		/* A group is nobody's neighbour. */
		put_neighbour(&k, type, v6(1), v6(2), all_nodes);
		finish(&k);
		assert_false(resolves(&k));
	}
	for (unsigned int type = 0; type < 256; type++) {
		put_neighbour(&k, type, v6(1), v6(2), v6(3));
		finish(&k);
		assert_int_equal(resolves(&k), type == NS || type == NA);
	}
}

static void hc33_behind_discovery_is_nothing(void **state)
{
	struct pkt k;

	(void)state;
	put_neighbour(&k, NS, v6(1), v6(2), v6(3));
	finish(&k);
	assert_true(resolves(&k));
	for (unsigned int n = 0; n < 1200; n++) {
		put8(&k, 0);
		assert_false(resolves(&k));
	}
	/* Nor is what the options leave. */
	for (unsigned int more = 1; more < 8; more++) {
		put_neighbour(&k, NS, v6(1), v6(2), v6(3));
		put_nd_option(&k, 1, 0x020000000001);
		put_zeros(&k, more);
		finish(&k);
		assert_false(resolves(&k));
	}
	for (unsigned int cut = 1; cut < 64; cut++) {
		put_neighbour(&k, NS, v6(1), v6(2), v6(3));
		put_nd_option(&k, 1, 0x020000000001);
		k.n -= cut;
		finish(&k);
		assert_int_equal(resolves(&k), cut == 8);
	}
}

static void hc33_discovery_behind_other_headers(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int kind = 0; kind < 2; kind++) {
		put_start(&k, kind ? 60 : 0, v6(1), v6(2));
		put_extension(&k, PACKET_ICMPV6, 1);
		put_nd(&k, NS, v6(3));
		finish(&k);
		assert_int_equal(parse(&k).flaw, PACKET_SOUND);
		assert_false(resolves(&k));
	}
}

/* Options that are sound may be many, but all of them have to be seen. */
static void hc33_long_discovery_is_not_judged(void **state)
{
	struct pkt k;

	(void)state;
	put_neighbour(&k, NS, v6(1), v6(2), v6(3));
	while (k.n + 8 <= PACKET_SNAP)
		put_nd_option(&k, 200, 0x112233445566);
	finish(&k);
	assert_true(resolves(&k));
	assert_false(resolves_part(&k, k.n - 1));
	put_nd_option(&k, 200, 0x112233445566);
	finish(&k);
	assert_false(resolves(&k));
}

static void hc33_who_has_no_address_asks_a_group(void **state)
{
	struct pkt k;

	(void)state;
	put_neighbour(&k, NS, nobody, all_nodes, v6(3));
	finish(&k);
	assert_true(resolves(&k));
	put_nd_option(&k, 1, 0x020000000001);
	finish(&k);
	assert_false(resolves(&k));
	put_neighbour(&k, NS, nobody, v6(3), v6(3));
	finish(&k);
	assert_false(resolves(&k));
}

/* To all it is said unasked. */
static void hc33_an_advertisement_to_all_answers_nobody(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int flags = 0; flags < 256; flags += 32) {
		for (unsigned int all = 0; all < 2; all++) {
			put_neighbour(&k, NA, v6(1), all ? all_nodes : v6(2),
				      v6(1));
			k.b[58] = (uint8_t)flags;
			finish(&k);
			assert_int_equal(resolves(&k), !all || !(flags & 0x40));
		}
	}
}

/* --- two judges --------------------------------------------------------- */

static uint64_t rng = 0x853c49e6748fea9bull;

static unsigned int dice(unsigned int n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned int)((rng >> 32) % n);
}

static struct ip_addr some(void)
{
	switch (dice(6)) {
	case 0:
		return nobody;
	case 1:
		return all_nodes;
	default:
		return v6(dice(9));
	}
}

static void put_some(struct pkt *k)
{
	if (dice(4) == 0) {
		put_arp(k, dice(5), v4(dice(9)), v4(dice(9)));
	} else {
		put_neighbour(k, 133 + dice(5), some(), some(), some());
		k->b[58] = (uint8_t)dice(256);
		for (unsigned int n = dice(4); n > 0; n--)
			put_nd_option(k, dice(16), 0x020000000001);
	}
	finish(k);
	if (dice(4) == 0)
		put_zeros(k, dice(30));
	if (dice(8) == 0) {
		memmove(k->b + 16, k->b + 12, k->n - 12);
		k->n += 4;
		memcpy(k->b + 12, "\x81\0\0\5", 4);
	}
	for (unsigned int n = dice(3) ? 0 : 1 + dice(2); n > 0; n--)
		k->b[12 + dice(k->n - 12)] ^= (uint8_t)(1u << dice(8));
}

static void hc33_two_judges_agree(void **state)
{
	unsigned int good = 0, frames = 250000;

	(void)state;
	for (unsigned int i = 0; i < frames; i++) {
		struct packet p;
		struct pkt k;
		bool yes;

		put_some(&k);
		p = oracle_parse(k.b, k.n, k.n);
		yes = oracle_resolves(k.b, k.n, &p);
		if (resolves(&k) != yes)
			fail_msg("frame %u", i);
		good += yes;
	}
	assert_in_range(good, frames / 20, frames / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc33_arp_to_the_letter),
		cmocka_unit_test(hc33_behind_arp_is_padding),
		cmocka_unit_test(hc33_discovery_to_the_letter),
		cmocka_unit_test(hc33_behind_discovery_is_nothing),
		cmocka_unit_test(hc33_discovery_behind_other_headers),
		cmocka_unit_test(hc33_long_discovery_is_not_judged),
		cmocka_unit_test(hc33_who_has_no_address_asks_a_group),
		cmocka_unit_test(hc33_an_advertisement_to_all_answers_nobody),
		cmocka_unit_test(hc33_two_judges_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
