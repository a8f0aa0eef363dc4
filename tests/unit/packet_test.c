/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames read as packets: every field, and every flaw packet.h names.
 * packet_oracle_test.c compares the parser with another one on random frames.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/packet_rig.h"

/* --- Ethernet ----------------------------------------------------------- */

static void what_is_no_packet(void **state)
{
	static const unsigned int types[] = { 0x88cc, 0x8847, 0x8864,
					      46,     0,      0xffff };
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int i = 0; i < sizeof(types) / sizeof(*types); i++) {
		put_eth(&k, types[i]);
		put_zeros(&k, 46);
		p = parse(&k);
		assert_nothing(&p, PACKET_SOUND);
		assert_int_equal(p.kind, PACKET_OTHER);
		assert_int_equal(p.ethertype, types[i]);
		assert_int_equal(p.l3, 14);
		assert_int_equal(p.end, 60);
	}
	p = parse_part(&k, 14, 14);
	assert_int_equal(p.end, 14);
}

static void up_to_two_tags_of_either_kind(void **state)
{
	static const unsigned int tpid[] = { 0x8100, 0x88a8 };
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int tags = 1; tags <= 2; tags++) {
			struct packet p;

			put_eth(&k, 0);
			put_tag(&k, tpid[i & 1], 0x2064, tpid[i >> 1]);
			if (tags == 2)
				put_tag(&k, tpid[i >> 1], 0x0007, 0);
			set16(k.b + k.n - 2, 0x0800);
			put_ip(&k, PACKET_UDP, v4(1), v4(2));
			put_udp(&k, 7, 8);
			finish(&k);
			p = parse(&k);
			assert_int_equal(p.flaw, PACKET_SOUND);
			assert_int_equal(p.kind, PACKET_IPV4);
			assert_int_equal(p.ethertype, 0x0800);
			assert_int_equal(p.l3, 14 + 4 * tags);
			assert_int_equal(p.l4, 34 + 4 * tags);
			assert_int_equal(p.sport, 7);
		}
	}
}

/* --- ARP ---------------------------------------------------------------- */

static void arp(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	put_arp(&k, 1, v4(1), v4(2));
	put_zeros(&k, 18);
	p = parse(&k);
	assert_bare(&p, PACKET_SOUND);
	assert_int_equal(p.kind, PACKET_ARP);
	assert_true(p.addressed);
	assert_int_equal(p.arp_op, 1);
	assert_int_equal(p.arp_sha, 0x020000000001);
	assert_addr(p.src, v4(1));
	assert_addr(p.dst, v4(2));
	assert_int_equal(p.l3, 14);
	assert_int_equal(p.end, 42);
	for (unsigned int n = 14; n < 42; n++) {
		p = parse_part(&k, 60, n);
		assert_nothing(&p, PACKET_CUT);
		assert_int_equal(p.kind, PACKET_ARP);
		assert_int_equal(p.arp_sha, 0);
		p = parse_part(&k, n, n);
		assert_nothing(&p, PACKET_CUT);
	}
}

/* --- what IP carries ---------------------------------------------------- */

static void tcp(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		start(&k, version, PACKET_TCP);
		put_tcp(&k, 0x1234, 0x5678, 0xaa);
		p = parse_sound(&k, version);
		assert_int_equal(p.protocol, PACKET_TCP);
		assert_true(p.ported);
		assert_int_equal(p.sport, 0x1234);
		assert_int_equal(p.dport, 0x5678);
		assert_true(p.flagged);
		assert_int_equal(p.tcp_flags, 0xaa);
		assert_false(p.icmp);
	}
}

static void udp(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		start(&k, version, PACKET_UDP);
		put_udp(&k, 0x1234, 0x5678);
		put_zeros(&k, 3);
		p = parse_sound(&k, version);
		assert_int_equal(p.protocol, PACKET_UDP);
		assert_true(p.ported);
		assert_int_equal(p.sport, 0x1234);
		assert_int_equal(p.dport, 0x5678);
		assert_false(p.flagged);
		assert_false(p.icmp);
	}
}

static void icmp_and_its_identifiers(void **state)
{
	/* What neighbour discovery has behind the first eight bytes. */
	static const uint8_t nd_more[] = { 0, 8, 16, 16, 32 };
	static const uint8_t with[] = { 0, 8, 13, 14, 15, 16, 17, 18 };
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int type = 0; type < 256; type++) {
		bool id = memchr(with, (int)type, sizeof(with));

		start(&k, 0, PACKET_ICMP);
		put_icmp(&k, type, 7, 0x4321);
		p = parse_sound(&k, 0);
		assert_true(p.icmp);
		assert_int_equal(p.icmp_type, type);
		assert_int_equal(p.icmp_code, 7);
		assert_int_equal(p.icmp_ident, id ? 0x4321 : 0);
		assert_false(p.nd);
		assert_false(p.ported);

		start(&k, 1, PACKET_ICMPV6);
		put_icmp(&k, type, 7, 0x4321);
		if (type >= 133 && type <= 137)
			put_zeros(&k, nd_more[type - 133]);
		p = parse_sound(&k, 1);
		assert_true(p.icmp);
		assert_int_equal(p.icmp_type, type);
		assert_int_equal(p.icmp_ident,
				 type == 128 || type == 129 ? 0x4321 : 0);
	}
}

static void icmp_of_the_other_version_is_none(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		start(&k, version, version ? PACKET_ICMP : PACKET_ICMPV6);
		put_icmp(&k, 128, 0, 1);
		p = parse_sound(&k, version);
		assert_false(p.icmp);
		assert_false(p.nd);
		assert_int_equal(p.icmp_ident, 0);
	}
}

static void other_protocols(void **state)
{
	static const unsigned int protocols[] = { 2, 47, 50, 89, 132, 59, 255 };
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		for (unsigned int i = 0; i < 7; i++) {
			start(&k, version, protocols[i]);
			p = parse_sound(&k, version);
			assert_int_equal(p.protocol, protocols[i]);
			assert_false(p.ported);
			assert_false(p.icmp);
		}
	}
}

/* --- extension headers -------------------------------------------------- */

static void chains_of_extension_headers(void **state)
{
	static const uint8_t chain[] = { 0, 60, 43, 60, 51, 135, 60 };
	struct pkt k;
	struct packet p;

	(void)state;
	start(&k, 1, 0);
	put_extension(&k, 60, 1);
	put_extension(&k, 43, 3);
	put_extension(&k, 60, 2);
	put_extension(&k, 51, 1);
	/* AH counts in fours: 24 bytes. */
	put8(&k, PACKET_UDP);
	put8(&k, 4);
	put_zeros(&k, 22);
	put_udp(&k, 7, 8);
	finish(&k);
	p = parse(&k);
	assert_int_equal(p.flaw, PACKET_SOUND);
	assert_int_equal(p.l4, 54 + 8 + 24 + 16 + 8 + 24);
	assert_int_equal(p.protocol, PACKET_UDP);
	assert_int_equal(p.sport, 7);
	assert_false(p.fragment);
	/* What is none is a protocol. */
	start(&k, 1, chain[1]);
	put_extension(&k, chain[5], 1);
	put_extension(&k, chain[6], 1);
	finish(&k);
	p = parse(&k);
	assert_int_equal(p.flaw, PACKET_SOUND);
	assert_int_equal(p.protocol, 135);
	assert_int_equal(p.l4, 62);
}

static void ipv4_has_no_extension_headers(void **state)
{
	static const unsigned int protocols[] = { 0, 43, 44, 51, 60 };
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		start(&k, 0, protocols[i]);
		put_extension(&k, PACKET_UDP, 1);
		put_udp(&k, 7, 8);
		p = parse_sound(&k, 0);
		assert_int_equal(p.protocol, protocols[i]);
		assert_false(p.ported);
	}
}

/* --- fragments ---------------------------------------------------------- */

static void ipv4_fragments(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	put_eth(&k, 0x0800);
	put_v4(&k, PACKET_UDP, v4(1), v4(2), 6, 0x2000, 0xbeef);
	put_udp(&k, 7, 8);
	put_zeros(&k, 16);
	finish(&k);
	/* The length is that of the whole. */
	set16(k.b + 42, 4000);
	p = parse(&k);
	assert_int_equal(p.flaw, PACKET_SOUND);
	assert_true(p.fragment);
	assert_false(p.later);
	assert_int_equal(p.ip_id, 0xbeef);
	assert_int_equal(p.frag_at, 0);
	assert_int_equal(p.frag_len, 24);
	assert_true(p.ported);

	for (unsigned int more = 0; more <= 0x2000; more += 0x2000) {
		set16(k.b + 20, 0xc003 | more);
		p = parse(&k);
		assert_int_equal(p.flaw, PACKET_SOUND);
		assert_true(p.fragment);
		assert_true(p.later);
		assert_int_equal(p.frag_at, 24);
		assert_int_equal(p.frag_len, 24);
		assert_int_equal(p.ip_id, 0xbeef);
		assert_true(p.carried);
		assert_int_equal(p.protocol, PACKET_UDP);
		assert_int_equal(p.l4, 38);
		assert_false(p.ported);
	}
	/* "Do not fragment" and the bit without a name make none. */
	set16(k.b + 20, 0xc000);
	set16(k.b + 42, 24);
	p = parse(&k);
	assert_int_equal(p.flaw, PACKET_SOUND);
	assert_false(p.fragment);
	assert_int_equal(p.ip_id, 0);
}

static void ipv6_fragments(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int at = 0; at <= 24; at += 24) {
		start(&k, 1, 0);
		put_extension(&k, 44, 1);
		put_fragment(&k, PACKET_TCP, at, true, 0xdeadbeef);
		put_tcp(&k, 7, 8, PACKET_ACK);
		put_zeros(&k, 4);
		finish(&k);
		p = parse(&k);
		assert_int_equal(p.flaw, PACKET_SOUND);
		assert_true(p.fragment);
		assert_int_equal(p.later, at > 0);
		assert_int_equal(p.ported, at == 0);
		assert_int_equal(p.flagged, at == 0);
		assert_int_equal(p.frag_at, at);
		assert_int_equal(p.frag_len, 24);
		assert_int_equal(p.ip_id, 0xdeadbeef);
		assert_true(p.carried);
		assert_int_equal(p.l4, 70);
		assert_int_equal(p.protocol, PACKET_TCP);
	}
}

static void a_fragment_that_is_the_whole_is_none(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	start(&k, 1, 44);
	put_fragment(&k, PACKET_UDP, 0, false, 5);
	put_udp(&k, 7, 8);
	finish(&k);
	p = parse(&k);
	assert_int_equal(p.flaw, PACKET_SOUND);
	assert_false(p.fragment);
	assert_int_equal(p.ip_id, 0);
	assert_true(p.ported);
}

static void what_a_later_fragment_carries_can_be_unknown(void **state)
{
	static const uint8_t extensions[] = { 0, 43, 44, 51, 60 };
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int i = 0; i < sizeof(extensions); i++) {
		start(&k, 1, 44);
		put_fragment(&k, extensions[i], 8, false, 5);
		put_extension(&k, PACKET_UDP, 1);
		put_udp(&k, 7, 8);
		finish(&k);
		p = parse(&k);
		assert_int_equal(p.flaw, PACKET_SOUND);
		assert_true(p.later);
		assert_false(p.carried);
		assert_false(p.ported);
		assert_int_equal(p.protocol, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_packet),
		cmocka_unit_test(up_to_two_tags_of_either_kind),
		cmocka_unit_test(arp),
		cmocka_unit_test(tcp),
		cmocka_unit_test(udp),
		cmocka_unit_test(icmp_and_its_identifiers),
		cmocka_unit_test(icmp_of_the_other_version_is_none),
		cmocka_unit_test(other_protocols),
		cmocka_unit_test(chains_of_extension_headers),
		cmocka_unit_test(ipv4_has_no_extension_headers),
		cmocka_unit_test(ipv4_fragments),
		cmocka_unit_test(ipv6_fragments),
		cmocka_unit_test(a_fragment_that_is_the_whole_is_none),
		cmocka_unit_test(what_a_later_fragment_carries_can_be_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
