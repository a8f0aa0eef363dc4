/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames somebody wants misread (hostile case 18): every flaw packet.h names,
 * and every header cut at every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/packet_rig.h"

/* --- Ethernet -------------------------------------------------------- */

static void hc18_tags_in_tags(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	put_eth(&k, 0);
	for (unsigned int i = 0; i < 3; i++)
		put_tag(&k, 0x8100, i, 0x8100);
	set16(k.b + k.n - 2, 0x0800);
	put_ip(&k, PACKET_UDP, v4(1), v4(2));
	put_udp(&k, 7, 8);
	finish(&k);
	p = parse(&k);
	assert_nothing(&p, PACKET_TAGS);
	assert_int_equal(p.kind, PACKET_OTHER);
	assert_int_equal(p.ethertype, 0x8100);
	assert_int_equal(p.l3, 22);
	for (unsigned int n = 14; n < 22; n++) {
		p = parse_part(&k, n, n);
		assert_nothing(&p, PACKET_CUT);
		assert_int_equal(p.kind, PACKET_OTHER);
		assert_int_equal(p.ethertype, 0x8100);
	}
}

static void hc18_the_reserved_vlan_hides_nothing(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int which = 0; which < 2; which++) {
		put_eth(&k, 0);
		put_tag(&k, 0x8100, which ? 5 : 0xfff, 0x8100);
		put_tag(&k, 0x8100, which ? 0xffff : 5, 0x0800);
		put_ip(&k, PACKET_UDP, v4(1), v4(2));
		put_udp(&k, 7, 8);
		finish(&k);
		p = parse(&k);
		assert_nothing(&p, PACKET_MALFORMED);
		assert_int_equal(p.kind, PACKET_OTHER);
	}
}

static void hc18_arp_of_something_else(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int at = 14; at < 20; at++) {
		for (unsigned int value = 0; value < 256; value++) {
			put_arp(&k, 2, v4(1), v4(2));
			if (k.b[at] == value)
				continue;
			k.b[at] = (uint8_t)value;
			p = parse(&k);
			assert_nothing(&p, PACKET_MALFORMED);
			assert_int_equal(p.kind, PACKET_ARP);
			assert_int_equal(p.arp_op, 0);
		}
	}
}

/* --- IP, TCP, UDP ------------------------------------------------------- */

static void put_whole_udp(struct pkt *k, unsigned int version)
{
	start(k, version, PACKET_UDP);
	put_udp(k, 7, 8);
	put_zeros(k, 4);
	finish(k);
}

static void hc18_short_ip_headers(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int words = 0; words < 16; words++) {
		put_whole_udp(&k, 0);
		k.b[14] = (uint8_t)(0x40 | words);
		p = parse(&k);
		if (words < 5) {
			assert_nothing(&p, PACKET_MALFORMED);
		} else if (words > 8) {
			assert_bare(&p, PACKET_MALFORMED);
			assert_true(p.addressed);
		}
		assert_int_equal(p.kind, PACKET_IPV4);
	}
}

static void hc18_another_version(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		for (unsigned int value = 0; value < 16; value++) {
			put_whole_udp(&k, version);
			if (k.b[14] >> 4 == value)
				continue;
			k.b[14] = (uint8_t)(value << 4 | 5);
			p = parse(&k);
			assert_nothing(&p, PACKET_MALFORMED);
		}
	}
}

static void hc18_total_length(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int total = 0; total < 0x10000; total += 1) {
		put_whole_udp(&k, 0);
		set16(k.b + 16, total);
		p = parse(&k);
		assert_true(p.addressed);
		assert_int_equal(p.ported, total >= 24 && total <= 32);
		if (total == 32)
			assert_int_equal(p.flaw, PACKET_SOUND);
		else if (total < 20 || total > 32)
			assert_bare(&p, PACKET_MALFORMED);
		else
			assert_int_equal(p.flaw, PACKET_MALFORMED);
		assert_int_equal(p.end,
				 total < 20 || total > 32 ? 46 : 14 + total);
	}
}

static void hc18_payload_length(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int len = 0; len < 0x10000; len += 1) {
		put_whole_udp(&k, 1);
		set16(k.b + 18, len);
		p = parse(&k);
		assert_true(p.addressed);
		assert_int_equal(p.ported, len >= 4 && len <= 12);
		assert_int_equal(p.flaw,
				 len == 12 ? PACKET_SOUND : PACKET_MALFORMED);
		assert_int_equal(p.end, len > 12 ? 66 : 54 + len);
	}
}

static void hc18_jumbograms(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	start(&k, 1, 0);
	put_extension(&k, PACKET_UDP, 1);
	put_udp(&k, 7, 8);
	finish(&k);
	p = parse(&k);
	assert_int_equal(p.flaw, PACKET_SOUND);
	set16(k.b + 18, 0);
	p = parse(&k);
	assert_bare(&p, PACKET_MALFORMED);
	assert_true(p.addressed);
}

static void hc18_ipv4_in_ipv6_addresses(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int at = 22; at <= 38; at += 16) {
		put_whole_udp(&k, 1);
		memset(k.b + at, 0, 10);
		memset(k.b + at + 10, 0xff, 2);
		p = parse(&k);
		assert_nothing(&p, PACKET_MALFORMED);
		k.b[at + 9] = 1;
		p = parse(&k);
		assert_int_equal(p.flaw, PACKET_SOUND);
	}
}

static void hc18_data_offset(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		for (unsigned int words = 0; words < 16; words++) {
			start(&k, version, PACKET_TCP);
			put_tcp(&k, 7, 8, PACKET_ACK);
			put_zeros(&k, 8);
			finish(&k);
			k.b[version ? 66 : 46] = (uint8_t)(words << 4);
			p = parse(&k);
			assert_int_equal(p.flaw, words >= 5 && words <= 7
							 ? PACKET_SOUND
							 : PACKET_MALFORMED);
		}
	}
}

static void hc18_udp_length(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		for (unsigned int len = 0; len < 0x10000; len++) {
			put_whole_udp(&k, version);
			set16(k.b + (version ? 58 : 38), len);
			p = parse(&k);
			assert_int_equal(p.flaw, len >= 8 && len <= 12
							 ? PACKET_SOUND
							 : PACKET_MALFORMED);
			assert_true(p.ported);
		}
	}
}

/* --- extension headers, fragments --------------------------------------- */

static void hc18_more_extension_headers_than_are_walked(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int n = 0; n <= PACKET_MAX_EXTENSIONS + 2; n++) {
		start(&k, 1, n ? 60 : PACKET_UDP);
		for (unsigned int i = 1; i <= n; i++)
			put_extension(&k, i < n ? 60 : PACKET_UDP, 1);
		put_udp(&k, 7, 8);
		finish(&k);
		p = parse(&k);
		if (n > PACKET_MAX_EXTENSIONS)
			assert_bare(&p, PACKET_MALFORMED);
		else
			assert_int_equal(p.flaw, PACKET_SOUND);
		assert_int_equal(p.ported, n <= PACKET_MAX_EXTENSIONS);
	}
}

static void hc18_extension_headers_out_of_place(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int first = 0; first < 2; first++) {
		start(&k, 1, first ? 60 : 0);
		put_extension(&k, 0, 1);
		put_extension(&k, PACKET_UDP, 1);
		put_udp(&k, 7, 8);
		finish(&k);
		p = parse(&k);
		assert_bare(&p, PACKET_MALFORMED);
	}
	start(&k, 1, 44);
	put_fragment(&k, 44, 0, false, 1);
	put_fragment(&k, PACKET_UDP, 0, false, 1);
	put_udp(&k, 7, 8);
	finish(&k);
	p = parse(&k);
	assert_bare(&p, PACKET_MALFORMED);
}

static void hc18_extension_lengths(void **state)
{
	static const uint8_t types[] = { 0, 43, 51, 60 };
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int i = 0; i < sizeof(types); i++) {
		for (unsigned int len = 0; len < 256; len++) {
			unsigned int bytes = types[i] == 51 ? (len + 2) * 4
							    : (len + 1) * 8;

			start(&k, 1, types[i]);
			put_extension(&k, 59, 4);
			finish(&k);
			k.b[55] = (uint8_t)len;
			p = parse(&k);
			if (bytes > 32) {
				assert_bare(&p, PACKET_MALFORMED);
				continue;
			}
			assert_int_equal(p.flaw, PACKET_SOUND);
			assert_int_equal(p.l4, 54 + bytes);
		}
	}
}

/* RFC 1858, RFC 7112: the headers must be in the first fragment. */
static void hc18_tiny_first_fragments(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int n = 0; n <= 32; n += 8) {
		put_eth(&k, 0x0800);
		put_v4(&k, PACKET_TCP, v4(1), v4(2), 5, 0x2000, 1);
		put_tcp(&k, 7, 8, PACKET_SYN);
		put_zeros(&k, 12);
		k.n -= 32 - n;
		finish(&k);
		p = parse(&k);
		assert_int_equal(p.flaw,
				 n < 20 ? PACKET_MALFORMED : PACKET_SOUND);
		assert_int_equal(p.flagged, n >= 20);
		assert_true(p.fragment);
		start(&k, 1, 44);
		put_fragment(&k, 60, 0, true, 1);
		put_extension(&k, PACKET_UDP, 2);
		put_udp(&k, 7, 8);
		put_zeros(&k, 8);
		k.n -= 32 - n;
		finish(&k);
		set16(k.b + 82, 8); /* The UDP length, if that is there. */
		p = parse(&k);
		assert_int_equal(p.flaw,
				 n < 24 ? PACKET_MALFORMED : PACKET_SOUND);
	}
}

/* --- cut anywhere ------------------------------------------------------- */

#define KINDS 7u

static void put_kind(struct pkt *k, unsigned int kind)
{
	switch (kind) {
	case 0:
		put_eth(k, 0);
		put_tag(k, 0x88a8, 5, 0);
		put_tag(k, 0x8100, 6, 0x0800);
		put_v4(k, PACKET_TCP, v4(1), v4(2), 15, 0, 0);
		put_tcp(k, 7, 8, PACKET_ACK);
		break;
	case 1:
		start(k, 1, 0);
		put_extension(k, 43, 2);
		put_extension(k, 44, 3);
		put_fragment(k, 60, 0, true, 77);
		put_extension(k, PACKET_TCP, 1);
		put_tcp(k, 7, 8, PACKET_ACK);
		break;
	case 2:
		start(k, 0, PACKET_UDP);
		put_udp(k, 7, 8);
		break;
	case 3:
		start(k, 0, PACKET_ICMP);
		put_icmp(k, 8, 1, 5);
		break;
	case 4:
		start(k, 1, PACKET_ICMPV6);
		put_nd(k, 136, v6(9));
		put_nd_option(k, 2, 0x020000000001);
		put_nd_option(k, 14, 0x112233445566);
		put_nd_option(k, 2, 0x020000000001);
		break;
	case 5:
		start(k, 0, 47);
		break;
	default:
		start(k, 1, 44);
		put_fragment(k, PACKET_UDP, 800, false, 78);
		break;
	}
	finish(k);
}

/* What is given of a part is what is given of the whole. */
static void assert_part(const struct packet *part, const struct packet *whole)
{
	assert_true(part->addressed <= whole->addressed);
	assert_true(part->carried <= whole->carried);
	assert_true(part->fragment <= whole->fragment);
	assert_true(part->ported <= whole->ported);
	assert_true(part->flagged <= whole->flagged);
	assert_true(part->icmp <= whole->icmp);
	assert_true(part->nd <= whole->nd);
	assert_true(part->linked <= whole->linked);
	if (part->addressed)
		assert_addr(part->dst, whole->dst);
	if (part->carried)
		assert_int_equal(part->protocol, whole->protocol);
	if (part->fragment)
		assert_int_equal(part->ip_id, whole->ip_id);
	if (part->ported)
		assert_int_equal(part->dport, whole->dport);
	if (part->flagged)
		assert_int_equal(part->tcp_flags, whole->tcp_flags);
	if (part->icmp)
		assert_int_equal(part->icmp_ident, whole->icmp_ident);
	if (part->nd)
		assert_addr(part->target, whole->target);
	if (part->linked)
		assert_int_equal(part->link, whole->link);
}

static void hc18_every_truncation(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		struct packet whole, p;

		put_kind(&k, kind);
		whole = parse(&k);
		assert_int_equal(whole.flaw, PACKET_SOUND);
		for (unsigned int n = 14; n < k.n; n++) {
			/* The snapshot ends, and the frame goes on. */
			p = parse_part(&k, k.n, n);
			assert_int_equal(p.flaw, PACKET_CUT);
			assert_part(&p, &whole);
			/* The frame ends. */
			p = parse_part(&k, n, n);
			assert_int_not_equal(p.flaw, PACKET_SOUND);
			assert_part(&p, &whole);
			assert_true(p.end <= n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc18_tags_in_tags),
		cmocka_unit_test(hc18_the_reserved_vlan_hides_nothing),
		cmocka_unit_test(hc18_arp_of_something_else),
		cmocka_unit_test(hc18_short_ip_headers),
		cmocka_unit_test(hc18_another_version),
		cmocka_unit_test(hc18_total_length),
		cmocka_unit_test(hc18_payload_length),
		cmocka_unit_test(hc18_jumbograms),
		cmocka_unit_test(hc18_ipv4_in_ipv6_addresses),
		cmocka_unit_test(hc18_data_offset),
		cmocka_unit_test(hc18_udp_length),
		cmocka_unit_test(hc18_more_extension_headers_than_are_walked),
		cmocka_unit_test(hc18_extension_headers_out_of_place),
		cmocka_unit_test(hc18_extension_lengths),
		cmocka_unit_test(hc18_tiny_first_fragments),
		cmocka_unit_test(hc18_every_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
