/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets in words: what is understood, what is built, what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/packet.h"

static const uint8_t dst[6] = { 2, 0, 0, 0, 0, 0xb };
static const uint8_t src[6] = { 2, 0, 0, 0, 0, 0xa };
static uint8_t bytes[FRAME_MAX];
static struct frame_text f;
static struct packet p;

/* Understand and settle a description; @p points into a static text. */
static int describe(const char *words)
{
	static char text[256];
	char *word[32];
	int n = 0;

	f = (struct frame_text){ .bytes = bytes };
	memset(bytes, 0xaa, sizeof(bytes));
	snprintf(text, sizeof(text), "%s", words);
	for (char *s = strtok(text, " "); s; s = strtok(NULL, " "))
		word[n++] = s;
	assert_true(packet_words(n, word));
	return packet_describe(&f, n, word, &p) || packet_settle(&f, &p);
}

/* Its frame, with 10.0.0.1 and fe80::a for sources nobody has given. */
static void build(const char *words)
{
	if (describe(words))
		fail_msg("%s: %s", words, f.error);
	if (!p.has[0])
		packet_address(p.family == PACKET_IP6 ? "fe80::a" : "10.0.0.1",
			       p.address[0]);
	if (packet_build(&f, &p, dst, src))
		fail_msg("%s: %s", words, f.error);
}

static unsigned int at16(size_t i)
{
	return (unsigned int)bytes[i] << 8 | bytes[i + 1];
}

static void test_tcp_as_a_filter_says_it(void **state)
{
	static const char *const same[] = {
		"ip dst 10.0.0.2 tcp dst port 443",
		"tcp 443 10.0.0.2",
		"10.0.0.2 tcp port 443 syn",
		"dst=10.0.0.2 tcp 443",
		"to host 10.0.0.2 and tcp and dst port 443",
		"ip src 10.0.0.1 dst 10.0.0.2 proto 6 dst port 443",
	};
	uint8_t first[60];

	(void)state;
	build(same[0]);
	assert_int_equal(f.len, 60);
	assert_memory_equal(bytes, "\2\0\0\0\0\xb\2\0\0\0\0\xa\x08\0\x45\0",
			    16);
	assert_int_equal(at16(16), 40); /* total length */
	assert_int_equal(bytes[23], 6); /* TCP */
	assert_memory_equal(bytes + 26, "\12\0\0\1\12\0\0\2", 8);
	assert_int_equal(at16(34), 40000);
	assert_int_equal(at16(36), 443);
	assert_int_equal(at16(46), 0x5002); /* 20 bytes, SYN */
	/* By hand: the sums of RFC 1071. */
	assert_int_equal(at16(24), 0x26cd);
	assert_int_equal(at16(50), 0xfde3);
	memcpy(first, bytes, sizeof(first));
	for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
		build(same[i]);
		if (memcmp(first, bytes, sizeof(first)) != 0)
			fail_msg("%s is another packet", same[i]);
	}
}

static void test_other_protocols(void **state)
{
	(void)state;
	build("udp src port 5353 dst port 53 10.0.0.2 vlan 7 len 100");
	assert_int_equal(f.len, 100);
	assert_memory_equal(bytes + 12, "\x81\0\0\7\x08\0", 6);
	assert_int_equal(bytes[27], 17);
	assert_int_equal(at16(38), 5353);
	assert_int_equal(at16(40), 53);
	assert_int_equal(at16(42), 8);
	build("icmp 10.0.0.2");
	assert_int_equal(bytes[23], 1);
	assert_int_equal(at16(34), 0x0800);
	build("icmp reply 10.0.0.2");
	assert_int_equal(at16(34), 0);
	build("unreachable 10.0.0.2");
	assert_int_equal(at16(34), 0x0301);
	build("icmp type 5 code 1 10.0.0.2");
	assert_int_equal(at16(34), 0x0501);
	build("icmp fe80::b");
	assert_int_equal(at16(12), 0x86dd);
	assert_int_equal(bytes[20], 58);
	assert_int_equal(at16(54), 0x8000);
	build("fe80::b tcp 22 reply");
	assert_int_equal(at16(66), 0x5012); /* SYN and ACK */
	build("proto 47 10.0.0.2");
	assert_int_equal(bytes[23], 47);
	/* Nothing but an address: a ping. */
	build("10.0.0.2");
	assert_int_equal(at16(34), 0x0800);
}

static void test_arp_and_neighbour_discovery(void **state)
{
	uint8_t mac[6];

	(void)state;
	build("arp who-has 10.0.0.2 tell 10.0.0.1");
	assert_int_equal(at16(12), 0x0806);
	assert_memory_equal(bytes + 14,
			    "\0\1\x08\0\6\4\0\1\2\0\0\0\0\xa\12\0\0\1"
			    "\0\0\0\0\0\0\12\0\0\2",
			    28);
	assert_true(packet_group(&p, mac));
	assert_memory_equal(mac, "\xff\xff\xff\xff\xff\xff", 6);
	build("arp reply 10.0.0.2");
	assert_int_equal(at16(20), 2);
	assert_memory_equal(bytes + 32, dst, 6);
	assert_false(packet_group(&p, mac));
	build("neighbor-solicit fe80::1:2");
	assert_true(packet_group(&p, mac));
	assert_memory_equal(mac, "\x33\x33\xff\1\0\2", 6);
	assert_int_equal(bytes[21], 255); /* hop limit */
	assert_memory_equal(bytes + 38, "\xff\2\0\0\0\0\0\0\0\0\0\1\xff\1\0\2",
			    16);
	assert_int_equal(bytes[54], 135);
	assert_memory_equal(
		bytes + 62,
		"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\1\0\2\1\1\2\0\0\0\0\xa", 24);
}

static void test_groups_have_their_address(void **state)
{
	static const struct {
		const char *words;
		const char *mac;
	} group[] = {
		{ "udp 239.129.2.3", "\1\0\x5e\1\2\3" },
		{ "udp 255.255.255.255", "\xff\xff\xff\xff\xff\xff" },
		{ "icmp6 ff02::1", "\x33\x33\0\0\0\1" },
	};
	uint8_t mac[6];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(describe(group[i].words), 0);
		assert_true(packet_group(&p, mac));
		assert_memory_equal(mac, group[i].mac, 6);
	}
	assert_int_equal(describe("udp 10.0.0.2"), 0);
	assert_false(packet_group(&p, mac));
}

static void test_names_and_headers(void **state)
{
	(void)state;
	assert_int_equal(describe("bob tcp 80"), 0);
	assert_string_equal(p.w.dst, "bob");
	assert_int_equal(describe("ether src 02:00:00:00:00:01 to bob udp"), 0);
	assert_string_equal(p.w.src, "02:00:00:00:00:01");
	/* Of these only the header is described. */
	assert_int_equal(describe("dst=bob type=arp"), 0);
	assert_int_equal(p.family, PACKET_NONE);
	assert_int_equal(p.w.type, 0x0806);
	assert_int_equal(describe("dst=bob vlan=9 len=99"), 0);
	assert_int_equal(p.w.vlan, 9);
	assert_int_equal(p.family, PACKET_NONE);
}

static void test_bytes_are_no_words(void **state)
{
	char *hex[] = { (char *)"0200:0000:0002:0200:0000:0001:0806:0001" };
	char *some[] = { (char *)"02000000000b", (char *)"fe80" };
	char *slip[] = { (char *)"02xx" };

	(void)state;
	assert_false(packet_words(1, hex));
	assert_false(packet_words(1, slip));
	assert_false(packet_words(2, some));
}

static void test_what_makes_no_packet(void **state)
{
	static const struct {
		const char *words;
		const char *error;
	} bad[] = {
		{ "tcp udp", "\"udp\" does not go with" },
		{ "arp tcp", "ARP has neither" },
		{ "ip fe80::1", "\"fe80::1\" does not go with" },
		{ "icmp6 10.0.0.1", "\"10.0.0.1\" does not go with" },
		{ "tcp dst port", "after \"port\" there must be a number" },
		{ "tcp dst port http",
		  "after \"port\" there must be a number" },
		{ "tcp dst port 65536", "up to 65535" },
		{ "vlan 4096 tcp", "up to 4095" },
		{ "tcp dst", "after \"dst\" there must be an address" },
		{ "port 53", "tcp or udp?" },
		{ "icmp port 53", "only tcp and udp" },
		{ "tcp type 8", "only icmp and icmp6 have a type" },
		{ "udp reply", "for udp say the ports" },
		{ "udp syn", "does not go with" },
		{ "10.0.0.1 10.0.0.2", "a destination address already" },
		{ "bob carol tcp", "goes to bob already" },
		{ "dst=bob tcp type=arp", "follows from the rest" },
		{ "tcp frob=1", "a frame has no frob=" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (describe(bad[i].words) == 0)
			fail_msg("\"%s\" is taken", bad[i].words);
		if (strstr(f.error, bad[i].error) == NULL)
			fail_msg("%s: %s", bad[i].words, f.error);
	}
	assert_int_equal(describe("tcp 10.0.0.2 len 53"), 0);
	assert_int_equal(packet_build(&f, &p, dst, src), -1);
	assert_string_equal(f.error, "len=53 is less than the 54 bytes of the "
				     "headers; write a shorter frame in hex");
}

static void expect_text(const char *words, const char *want)
{
	char *text;

	build(words);
	text = packet_text(&p);
	assert_string_equal(text, want);
	free(text);
}

static void test_it_is_said_what_was_built(void **state)
{
	(void)state;
	expect_text("10.0.0.2 tcp 443",
		    "IPv4 10.0.0.1 > 10.0.0.2, TCP 40000 > 443 syn");
	expect_text("10.0.0.2 tcp 443 fin ack",
		    "IPv4 10.0.0.1 > 10.0.0.2, TCP 40000 > 443 fin ack");
	expect_text("fe80::b udp 53", "IPv6 fe80::a > fe80::b, UDP 40000 > 53");
	expect_text("10.0.0.2 icmp",
		    "IPv4 10.0.0.1 > 10.0.0.2, ICMP type 8 code 0");
	expect_text("arp 10.0.0.2", "ARP, who has 10.0.0.2, tell 10.0.0.1");
	expect_text("arp reply 10.0.0.2", "ARP, 10.0.0.1 tells 10.0.0.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_as_a_filter_says_it),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_arp_and_neighbour_discovery),
		cmocka_unit_test(test_groups_have_their_address),
		cmocka_unit_test(test_names_and_headers),
		cmocka_unit_test(test_bytes_are_no_words),
		cmocka_unit_test(test_what_makes_no_packet),
		cmocka_unit_test(test_it_is_said_what_was_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
