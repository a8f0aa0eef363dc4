/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address locks: IPv4, ARP, and what is neither.  IPv6 and neighbour discovery
 * are in lock_v6_test.c, prefixes in lock_oracle_test.c.
 */
#include "tests/unit/lock_rig.h"

static const struct ip_addr own = { 0, 0xffff0a000001 };
static const struct ip_addr other = { 0, 0xffff0a000002 };
static const struct ip_addr nobody = { 0, 0xffff00000000 };
static const struct ip_addr everybody = { 0, 0xffffffffffff };

/* --- IPv4 --------------------------------------------------------------- */

static const unsigned int protocols[] = {
	1, /* ICMP */
	2, /* IGMP */
	4, /* IPv4 */
	PACKET_TCP,
	PACKET_UDP,
	41, /* IPv6 */
	47, /* GRE */
	PACKET_ICMPV6,
};

#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

static void put_payload(struct pkt *k, unsigned int protocol)
{
	if (protocol == PACKET_TCP)
		put_tcp(k, 1000, 80, PACKET_SYN);
	else if (protocol == PACKET_UDP)
		put_udp(k, 1000, 53);
	else
		put_icmp(k, 8, 0, 1);
}

static void hc17_ipv4_sources(void **state)
{
	static const unsigned int fragments[] = {
		0,	0x4000, /* not to be fragmented */
		0x2000,		/* the first */
		0x2003,		/* a later one */
		0x1000,		/* the last */
	};
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < LOCK_V4 * PROTOCOLS * 5 * 3; i++) {
		const struct addr *a = &lock_v4[i % LOCK_V4];
		unsigned int protocol = protocols[i / LOCK_V4 % PROTOCOLS];
		unsigned int rest = i / LOCK_V4 / PROTOCOLS;

		/* Without options, and with as many as there can be. */
		for (unsigned int words = 5; words <= 15; words += 5) {
			put_eth(&k, 0x0800);
			put_v4(&k, protocol, a->ip, other, words,
			       fragments[rest % 5], 1);
			put_payload(&k, protocol);
			insert_tags(&k, rest / 5);
			assert_int_equal(allows(&k), a->own);
		}
	}
}

/* Every bit of an address counts; one leads to the other prefix. */
static void hc17_one_bit_makes_it_anothers(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int bit = 0; bit < 32; bit++) {
		put_start(&k, PACKET_TCP, v4(1), other);
		put_tcp(&k, 1, 2, 0);
		k.b[14 + 12 + bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		assert_int_equal(allows(&k), bit == 23);
	}
}

static void hc17_icmp_that_redirects(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int type = 0; type < 256; type++)
		for (unsigned int more = 0; more < 2; more++) {
			put_eth(&k, 0x0800);
			put_v4(&k, PACKET_ICMP, own, other, 5, more << 13, 1);
			put_icmp(&k, type, 0, 1);
			assert_int_equal(allows(&k), type != 5 && type != 9);
		}
}

static void put_dhcp(struct pkt *k, struct ip_addr src, struct ip_addr dst,
		     unsigned int sport, unsigned int dport)
{
	put_start(k, PACKET_UDP, src, dst);
	put_udp(k, sport, dport);
	put_zeros(k, 240);
}

static void dhcp_needs_no_address(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int tags = 0; tags < 3; tags++) {
		put_dhcp(&k, nobody, everybody, 68, 67);
		insert_tags(&k, tags);
		assert_true(allows(&k));
	}
	put_dhcp(&k, own, other, 68, 67);
	assert_true(allows(&k));
}

static void hc17_nothing_else_is_sent_from_nowhere(void **state)
{
	struct pkt k;

	(void)state;
	put_dhcp(&k, nobody, everybody, 67, 68);
	assert_false(allows(&k));
	put_dhcp(&k, nobody, everybody, 68, 53);
	assert_false(allows(&k));
	put_dhcp(&k, nobody, everybody, 53, 67);
	assert_false(allows(&k));
	put_dhcp(&k, nobody, other, 68, 67);
	assert_false(allows(&k));
	put_dhcp(&k, other, everybody, 68, 67);
	assert_false(allows(&k));
	/* In pieces it could be anything. */
	put_dhcp(&k, nobody, everybody, 68, 67);
	set16(k.b + 14 + 6, 0x2000);
	assert_false(allows(&k));
	set16(k.b + 14 + 6, 0x0001);
	assert_false(allows(&k));
	for (unsigned int i = 0; i < PROTOCOLS; i++) {
		put_start(&k, protocols[i], nobody, everybody);
		put_payload(&k, protocols[i]);
		assert_false(allows(&k));
	}
	/* Ports of UDP, but not UDP. */
	put_start(&k, PACKET_TCP, nobody, everybody);
	put_tcp(&k, 68, 67, 0);
	assert_false(allows(&k));
}

/* --- ARP ---------------------------------------------------------------- */

static bool arp(unsigned int op, struct ip_addr sender, uint64_t mac,
		struct ip_addr target, unsigned int tags)
{
	struct pkt k;

	put_arp(&k, op, sender, target);
	for (unsigned int i = 0; i < 6; i++)
		k.b[14 + 8 + i] = (uint8_t)(mac >> (40 - 8 * i));
	put_zeros(&k, 18);
	insert_tags(&k, tags);
	return allows_raw(&k);
}

static void arp_of_an_honest_host(void **state)
{
	(void)state;
	for (unsigned int tags = 0; tags < 3; tags++) {
		assert_true(arp(1, own, MAC, other, tags));
		assert_true(arp(2, own, MAC, other, tags));
		/* Gratuitous, both ways, and a probe. */
		assert_true(arp(1, own, MAC, own, tags));
		assert_true(arp(2, own, MAC, own, tags));
		assert_true(arp(1, nobody, MAC, own, tags));
	}
	assert_false(arp(1, own, MAC, other, 3));
}

static void hc17_arp_that_lies(void **state)
{
	(void)state;
	for (unsigned int op = 1; op <= 2; op++)
		for (unsigned int tags = 0; tags < 3; tags++) {
			assert_false(arp(op, other, MAC, own, tags));
			assert_false(arp(op, other, MAC, other, tags));
			assert_false(arp(op, own, OTHER_MAC, other, tags));
			assert_false(arp(op, own, OTHER_MAC, own, tags));
			assert_false(arp(op, other, OTHER_MAC, own, tags));
			assert_false(arp(op, everybody, MAC, own, tags));
		}
	/* A probe for another's address would keep that host from using it. */
	assert_false(arp(1, nobody, MAC, other, 0));
	assert_false(arp(1, nobody, OTHER_MAC, own, 0));
	assert_false(arp(2, nobody, MAC, own, 0));
	assert_false(arp(1, nobody, MAC, nobody, 0));
}

static void hc17_every_arp_there_can_be(void **state)
{
	static const uint64_t macs[] = { MAC, OTHER_MAC, 0, 0xffffffffffff };

	(void)state;
	for (unsigned int op = 0; op < 12; op++)
		for (unsigned int m = 0; m < 4; m++)
			for (unsigned int s = 0; s < LOCK_V4; s++)
				for (unsigned int t = 0; t < LOCK_V4; t++) {
					bool expected = lock_v4[s].own &&
							m == 0 && op >= 1 &&
							op <= 2;

					assert_int_equal(arp(op, lock_v4[s].ip,
							     macs[m],
							     lock_v4[t].ip, 0),
							 expected);
				}
}

/* Other hardware, other protocols: each field of its fixed part. */
static void hc17_arp_for_anything_else(void **state)
{
	struct pkt k;

	(void)state;
	put_arp(&k, 1, own, other);
	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			struct pkt changed = k;

			/* No one bit makes a reply (2) of a request (1). */
			changed.b[14 + i] ^= (uint8_t)(1u << bit);
			assert_false(allows_raw(&changed));
		}
	assert_true(allows_raw(&k));
}

/* Nothing but padding follows it. */
static void hc33_arp_with_more_behind_it(void **state)
{
	struct pkt k;

	(void)state;
	put_arp(&k, 1, own, other);
	while (k.n < 1400) {
		assert_int_equal(allows_raw(&k), k.n <= 60);
		put8(&k, 0x5e);
	}
}

/* --- IGMP --------------------------------------------------------------- */

#define IGMP_ALL 0xe0000016u

static void put_igmp(struct pkt *k, unsigned int type, struct ip_addr src,
		     uint32_t group, unsigned int more)
{
	put_eth(k, 0x0800);
	put_v4(k, PACKET_IGMP, src, ip_from_v4(group), 5, 0, 0);
	set_hops(k, 1);
	put_icmp(k, type, 0, 0);
	put_zeros(k, more);
}

/* RFC 3376 section 4.2.13. */
static void igmp_reports_need_no_address(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int type = 0; type < 256; type++) {
		bool three = type == 0x22;
		bool report = three || type == 0x12 || type == 0x16 ||
			      type == 0x17;

		put_igmp(&k, type, nobody, IGMP_ALL, 0);
		assert_int_equal(allows(&k), report);
		/* Only those of version 3 have more in them. */
		put_igmp(&k, type, nobody, IGMP_ALL, 8);
		assert_int_equal(allows(&k), three);
		put_igmp(&k, type, own, IGMP_ALL, 8);
		assert_true(allows(&k));
		put_igmp(&k, type, other, IGMP_ALL, 0);
		assert_false(allows(&k));
	}
	/* With a router alert. */
	put_eth(&k, 0x0800);
	put_v4(&k, PACKET_IGMP, nobody, ip_from_v4(IGMP_ALL), 6, 0, 0);
	memcpy(k.b + 34, "\x94\4\0\0", 4);
	set_hops(&k, 1);
	put_icmp(&k, 0x22, 0, 0);
	assert_true(allows(&k));
}

static void hc33_what_calls_itself_igmp(void **state)
{
	struct pkt k;

	(void)state;
	/*
	 * To one host, farther than the link, with a wrong sum, in fragments.
	 */
	put_igmp(&k, 0x22, nobody, 0x0a000002, 0);
	assert_false(allows(&k));
	put_igmp(&k, 0x22, nobody, 0xffffffff, 0);
	assert_false(allows(&k));
	put_igmp(&k, 0x22, nobody, IGMP_ALL, 0);
	set_hops(&k, 2);
	assert_false(allows(&k));
	put_igmp(&k, 0x22, nobody, IGMP_ALL, 0);
	finish(&k);
	k.b[40] ^= 1;
	assert_false(allows_raw(&k));
	put_eth(&k, 0x0800);
	put_v4(&k, PACKET_IGMP, nobody, ip_from_v4(IGMP_ALL), 5, 0x2000, 0);
	set_hops(&k, 1);
	put_icmp(&k, 0x22, 0, 0);
	assert_false(allows(&k));
	/* More than padding behind it, or in one of an old version. */
	put_igmp(&k, 0x22, nobody, IGMP_ALL, 0);
	finish(&k);
	put_zeros(&k, 18);
	assert_true(allows_raw(&k));
	put_zeros(&k, 1);
	assert_false(allows_raw(&k));
	put_igmp(&k, 0x16, nobody, IGMP_ALL, 1);
	assert_false(allows(&k));
}

static void hc33_dhcp_with_more_behind_it(void **state)
{
	struct pkt k;

	(void)state;
	put_dhcp(&k, nobody, everybody, 68, 67);
	put_zeros(&k, 240);
	finish(&k);
	assert_true(allows_raw(&k));
	put_zeros(&k, 1);
	assert_false(allows_raw(&k));
}

/* --- what is neither ---------------------------------------------------- */

static void hc17_other_types_are_refused(void **state)
{
	struct pkt k;

	(void)state;
	/* With a packet behind it that would be fine by itself. */
	for (unsigned int type = 0; type < 65536; type++) {
		bool ip = type == 0x0800;

		if (type == 0x8100 || type == 0x88a8)
			continue;
		put_eth(&k, type);
		put_ip(&k, PACKET_UDP, own, other);
		put_udp(&k, 1, 2);
		assert_int_equal(allows(&k), ip);
	}
}

static void hc17_ip_next_to_ethernet_is_refused(void **state)
{
	static const struct {
		unsigned int n;
		uint8_t byte[10];
	} wraps[] = {
		/* PPPoE, MPLS, LLC/SNAP, RARP; then IPv4. */
		{ 10, { 0x88, 0x64, 0x11, 0, 0, 1, 0, 30, 0, 0x21 } },
		{ 6, { 0x88, 0x47, 0, 1, 0x01, 0x40 } },
		{ 10, { 0, 38, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 } },
		{ 2, { 0x80, 0x35 } },
		/* A tag of another kind, double tags of vendors, 802.1ah. */
		{ 6, { 0x91, 0x00, 0, 5, 8, 0 } },
		{ 6, { 0x92, 0x00, 0, 5, 8, 0 } },
		{ 8, { 0x88, 0xe7, 0, 0, 0, 1, 8, 0 } },
	};
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < sizeof(wraps) / sizeof(wraps[0]); i++)
		for (unsigned int tags = 0; tags < 3; tags++) {
			put_eth(&k, 0);
			k.n -= 2;
			for (unsigned int o = 0; o < wraps[i].n; o++)
				put8(&k, wraps[i].byte[o]);
			put_ip(&k, PACKET_UDP, own, other);
			put_udp(&k, 1, 2);
			insert_tags(&k, tags);
			assert_false(allows(&k));
		}
}

static void hc17_more_than_two_tags_are_refused(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int tags = 0; tags < 8; tags++) {
		put_start(&k, PACKET_UDP, own, other);
		put_udp(&k, 1, 2);
		insert_tags(&k, tags);
		assert_int_equal(allows(&k), tags <= 2);
		put_arp(&k, 1, own, other);
		insert_tags(&k, tags);
		assert_int_equal(allows(&k), tags <= 2);
	}
}

/* --- what is not there -------------------------------------------------- */

/* Ended at any byte, and seen up to any, it is refused, or all was there. */
static void check_cuts(struct pkt *k, bool allowed)
{
	finish(k);
	assert_int_equal(allows_raw(k), allowed);
	for (unsigned int n = FRAME_MIN; n < k->n; n++) {
		assert_false(allows_part(k, n, n));
		if (n < k->ip[0] + 20 || !allowed)
			assert_false(allows_part(k, k->n, n));
	}
}

static void hc17_packets_cut_short(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < 3 * 2 * 2; i++) {
		bool forged = i & 1;

		put_eth(&k, 0x0800);
		put_v4(&k, PACKET_TCP, forged ? other : own, other,
		       i & 2 ? 15 : 5, 0, 0);
		put_tcp(&k, 1, 2, 0);
		insert_tags(&k, i / 4);
		check_cuts(&k, !forged);
		put_arp(&k, 1, forged ? other : own, other);
		k.ip[0] = 14 + 8;
		insert_tags(&k, i / 4);
		assert_int_equal(allows_raw(&k), !forged);
		for (unsigned int n = FRAME_MIN; n < k.n; n++) {
			assert_false(allows_part(&k, n, n));
			assert_false(allows_part(&k, k.n, n));
		}
	}
	put_dhcp(&k, nobody, everybody, 68, 67);
	finish(&k);
	for (unsigned int n = FRAME_MIN; n < 14 + 20 + 8; n++)
		assert_false(allows_part(&k, k.n, n));
}

/* IPv4 headers that contradict themselves, with a good source in them. */
static void hc17_lengths_that_lie(void **state)
{
	struct pkt k;

	(void)state;
	put_start(&k, PACKET_UDP, own, other);
	put_udp(&k, 1, 2);
	finish(&k);
	for (unsigned int byte = 0; byte < 256; byte++) {
		k.b[14] = (uint8_t)byte;
		assert_int_equal(allows_raw(&k), byte == 0x45);
	}
	k.b[14] = 0x45;
	for (unsigned int len = 0; len < 65536; len++) {
		set16(k.b + 14 + 2, len);
		assert_int_equal(allows_raw(&k), len == 28);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc17_ipv4_sources),
		cmocka_unit_test(hc17_one_bit_makes_it_anothers),
		cmocka_unit_test(hc17_icmp_that_redirects),
		cmocka_unit_test(dhcp_needs_no_address),
		cmocka_unit_test(hc17_nothing_else_is_sent_from_nowhere),
		cmocka_unit_test(arp_of_an_honest_host),
		cmocka_unit_test(hc17_arp_that_lies),
		cmocka_unit_test(hc17_every_arp_there_can_be),
		cmocka_unit_test(hc17_arp_for_anything_else),
		cmocka_unit_test(hc33_arp_with_more_behind_it),
		cmocka_unit_test(igmp_reports_need_no_address),
		cmocka_unit_test(hc33_what_calls_itself_igmp),
		cmocka_unit_test(hc33_dhcp_with_more_behind_it),
		cmocka_unit_test(hc17_other_types_are_refused),
		cmocka_unit_test(hc17_ip_next_to_ethernet_is_refused),
		cmocka_unit_test(hc17_more_than_two_tags_are_refused),
		cmocka_unit_test(hc17_packets_cut_short),
		cmocka_unit_test(hc17_lengths_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
