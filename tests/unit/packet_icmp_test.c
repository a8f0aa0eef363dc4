/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP further in: neighbour discovery and its options, and the packets that
 * errors are about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/packet_rig.h"

/* --- neighbour discovery ------------------------------------------------ */

static void solicitations_and_advertisements(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int type = 135; type <= 136; type++) {
		start(&k, 1, PACKET_ICMPV6);
		put_nd(&k, type, v6(0x77));
		p = parse_sound(&k, 1);
		assert_true(p.nd);
		assert_addr(p.target, v6(0x77));
		assert_false(p.linked);
		start(&k, 1, PACKET_ICMPV6);
		put_nd(&k, type, v6(0x77));
		put_nd_option(&k, 14, 0x112233445566);
		put_nd_option(&k, type - 134, 0x020000000001);
		p = parse_sound(&k, 1);
		assert_true(p.nd);
		assert_true(p.linked);
		assert_int_equal(p.link, 0x020000000001);
	}
}

static void other_messages_with_link_addresses(void **state)
{
	static const uint8_t more[] = { 0, 8, 0, 0, 32 };
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int type = 133; type <= 137; type++) {
		if (type == 135 || type == 136)
			continue;
		start(&k, 1, PACKET_ICMPV6);
		put_icmp(&k, type, 0, 0);
		put_zeros(&k, more[type - 133]);
		put_nd_option(&k, 2, 0x020000000001);
		p = parse_sound(&k, 1);
		assert_false(p.nd);
		assert_true(p.linked);
		assert_int_equal(p.link, 0x020000000001);
	}
	/* Nothing is an option in what is no neighbour discovery. */
	start(&k, 1, PACKET_ICMPV6);
	put_icmp(&k, 128, 0, 0);
	put_nd_option(&k, 2, 0x020000000001);
	p = parse_sound(&k, 1);
	assert_false(p.linked);
}

static struct packet parse_nd_options(const uint8_t *option, unsigned int n)
{
	struct pkt k;

	start(&k, 1, PACKET_ICMPV6);
	put_nd(&k, 135, v6(9));
	while (n-- > 0)
		put8(&k, *option++);
	finish(&k);
	return parse(&k);
}

static void hc18_neighbour_discovery_options(void **state)
{
	static const uint8_t two[] = { 1, 1, 2, 0, 0, 0, 0, 1,
				       2, 1, 2, 0, 0, 0, 0, 1 };
	uint8_t b[16];
	struct packet p;

	(void)state;
	p = parse_nd_options(two, 16);
	assert_int_equal(p.flaw, PACKET_SOUND);
	assert_int_equal(p.link, 0x020000000001);
	for (unsigned int at = 10; at < 16; at++) {
		memcpy(b, two, 16);
		b[at] ^= 0x40;
		p = parse_nd_options(b, 16);
		assert_int_equal(p.flaw, PACKET_MALFORMED);
	}
	/* Of length zero, whatever it is; of another than Ethernet's. */
	for (unsigned int type = 0; type < 256; type++) {
		for (unsigned int len = 0; len <= 3; len++) {
			bool link = type == 1 || type == 2;
			bool good = len == 1 || (len == 2 && !link);

			memcpy(b, two, 16);
			b[0] = (uint8_t)type;
			b[1] = (uint8_t)len;
			p = parse_nd_options(b, 16);
			assert_int_equal(p.flaw, good ? PACKET_SOUND
						      : PACKET_MALFORMED);
			assert_true(p.nd);
		}
	}
	for (unsigned int n = 1; n < 16; n++) {
		p = parse_nd_options(two, n);
		assert_int_equal(p.flaw,
				 n == 8 ? PACKET_SOUND : PACKET_MALFORMED);
		assert_int_equal(p.linked, n >= 8);
	}
}

/* RFC 6980: what a later fragment adds would not be seen. */
static void hc18_neighbour_discovery_in_fragments(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	start(&k, 1, 44);
	put_fragment(&k, PACKET_ICMPV6, 0, true, 1);
	put_nd(&k, 136, v6(9));
	put_nd_option(&k, 2, 0x020000000001);
	finish(&k);
	p = parse(&k);
	assert_int_equal(p.flaw, PACKET_MALFORMED);
	assert_true(p.icmp);
	assert_false(p.nd);
	assert_false(p.linked);
}

static void hc18_an_ipv4_target(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	start(&k, 1, PACKET_ICMPV6);
	put_nd(&k, 135, v6(9));
	finish(&k);
	memset(k.b + 62, 0, 10);
	memset(k.b + 72, 0xff, 2);
	p = parse(&k);
	assert_int_equal(p.flaw, PACKET_MALFORMED);
	assert_false(p.nd);
	assert_addr(p.target, (struct ip_addr){ 0 });
}

/* --- errors ------------------------------------------------------------- */

static const uint8_t errors[2][6] = { { 3, 4, 5, 11, 12 }, { 1, 2, 3, 4 } };

static void put_error(struct pkt *k, unsigned int version, unsigned int type,
		      unsigned int protocol)
{
	put_start(k, version ? PACKET_ICMPV6 : PACKET_ICMP, test_dst[version],
		  test_src[version]);
	put_icmp(k, type, 0, 0);
	put_ip(k, protocol, test_src[version], test_dst[version]);
}

static void the_packet_in_an_error(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		for (unsigned int type = 0; type < 256; type++) {
			bool is = type && memchr(errors[version], (int)type, 6);

			put_error(&k, version, type, PACKET_UDP);
			put_udp(&k, 7, 8);
			finish(&k);
			assert_int_equal(parse_inner(&k, k.n, &p), is);
			assert_int_equal(p.addressed, is);
			if (!is)
				continue;
			assert_int_equal(p.kind,
					 version ? PACKET_IPV6 : PACKET_IPV4);
			assert_addr(p.src, test_src[version]);
			assert_addr(p.dst, test_dst[version]);
			assert_int_equal(p.sport, 7);
			assert_int_equal(p.l3, version ? 62 : 42);
			assert_int_equal(p.l4, version ? 102 : 62);
			assert_int_equal(p.end, k.n);
		}
	}
}

/* RFC 792: as few as eight bytes behind the IP header. */
static void errors_quote_in_part(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		unsigned int l4 = version ? 102 : 62;

		put_error(&k, version, 3, PACKET_TCP);
		put_tcp(&k, 7, 8, PACKET_ACK);
		finish(&k);
		set16(k.b + k.ip[1] + (version ? 4 : 2), 1400);
		for (unsigned int n = 14; n <= k.n; n++) {
			bool enough = n >= l4 + 4;

			assert_int_equal(parse_inner(&k, n, &p), enough);
			assert_int_equal(p.ported, enough);
			assert_int_equal(p.flagged, n >= l4 + 20);
			assert_int_equal(p.flaw, n >= l4 + 20 ? PACKET_SOUND
							      : PACKET_CUT);
		}
	}
}

static void errors_about_other_protocols(void **state)
{
	struct pkt k;
	struct packet p;

	(void)state;
	for (unsigned int version = 0; version < 2; version++) {
		put_error(&k, version, 3,
			  version ? PACKET_ICMPV6 : PACKET_ICMP);
		put_icmp(&k, version ? 128 : 8, 0, 0x4321);
		finish(&k);
		assert_true(parse_inner(&k, k.n, &p));
		assert_int_equal(p.icmp_ident, 0x4321);
		assert_false(parse_inner(&k, k.n - 1, &p));
		put_error(&k, version, 3, 47);
		finish(&k);
		assert_true(parse_inner(&k, k.n, &p));
		assert_int_equal(p.protocol, 47);
		assert_false(parse_inner(&k, k.n - 1, &p));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(solicitations_and_advertisements),
		cmocka_unit_test(other_messages_with_link_addresses),
		cmocka_unit_test(hc18_neighbour_discovery_options),
		cmocka_unit_test(hc18_neighbour_discovery_in_fragments),
		cmocka_unit_test(hc18_an_ipv4_target),
		cmocka_unit_test(the_packet_in_an_error),
		cmocka_unit_test(errors_quote_in_part),
		cmocka_unit_test(errors_about_other_protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
