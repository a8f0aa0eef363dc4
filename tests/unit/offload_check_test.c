/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload data that fits its frame, and hostile case 43: data that does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/offload.h"
#include "tests/unit/packet_rig.h"

#define PIECE 100u
#define TCP_OPTIONS 12u

/* One of the six: TCP or UDP, in IPv4 or IPv6, in up to two tags. */
struct kind {
	unsigned int version;
	bool tcp;
	unsigned int tags;
};

static const struct kind plain = { 0, true, 0 };

static unsigned int type_of(const struct kind *k)
{
	if (!k->tcp)
		return OFFLOAD_UDP;
	return k->version ? OFFLOAD_TCP6 : OFFLOAD_TCP4;
}

static unsigned int protocol_of(const struct kind *k)
{
	return k->tcp ? PACKET_TCP : PACKET_UDP;
}

static void begin(struct pkt *k, const struct kind *kind)
{
	unsigned int type = kind->version ? 0x86dd : 0x0800;

	put_eth(k, type);
	for (unsigned int i = 0; i < kind->tags; i++) {
		set16(k->b + k->n - 2, FRAME_TPID_C);
		put_tag(k, FRAME_TPID_C, 5, type);
	}
}

static void put_l4(struct pkt *k, const struct kind *kind, unsigned int payload)
{
	if (kind->tcp) {
		put_tcp(k, 1000, 80, PACKET_ACK);
		k->b[k->n - 8] = 0x80;
		put_zeros(k, TCP_OPTIONS);
	} else {
		put_udp(k, 1000, 53);
	}
	put_zeros(k, payload);
	finish(k);
}

static void make(struct pkt *k, const struct kind *kind, unsigned int payload)
{
	begin(k, kind);
	put_ip(k, protocol_of(kind), test_src[kind->version],
	       test_dst[kind->version]);
	put_l4(k, kind, payload);
}

static bool check(const struct pkt *k, unsigned int flags, unsigned int segment,
		  struct offload *o, struct offload_place *at)
{
	struct frame *f = frame_new(
		k, k->n, k->n < FRAME_SNAP_MAX ? k->n : FRAME_SNAP_MAX);
	struct packet p;
	bool ok;

	*o = (struct offload){ .flags = (uint8_t)flags,
			       .segment = (uint16_t)segment };
	packet_parse(f, &p);
	ok = offload_check(f, &p, o, at);
	free(f);
	return ok;
}

static bool legal(const struct pkt *k, unsigned int flags, unsigned int segment)
{
	struct offload_place at, again;
	struct offload o, same = { .flags = (uint8_t)flags,
				   .segment = (uint16_t)segment };
	bool ok = check(k, flags, segment, &o, &at);

	assert_int_equal(offload_locate(k->b, k->n, &same, &again), ok);
	if (ok) {
		assert_memory_equal(&o, &same, sizeof(o));
		assert_memory_equal(&at, &again, sizeof(at));
	}
	return ok;
}

/* --- what is legal ------------------------------------------------------ */

static void places_are_those_of_the_headers(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		const struct kind kind = { i % 2, i / 2 % 2, i / 4 };
		unsigned int l3 = 14 + 4 * kind.tags;
		unsigned int l4 = l3 + (kind.version ? 40 : 20);
		struct offload_place at;
		struct offload o;
		struct pkt k;

		make(&k, &kind, 3 * PIECE + 1);
		assert_true(check(&k, OFFLOAD_CHECKSUM | type_of(&kind), PIECE,
				  &o, &at));
		assert_int_equal(at.l3, l3);
		assert_int_equal(at.l4, l4);
		assert_int_equal(at.field, l4 + (kind.tcp ? 16 : 6));
		assert_int_equal(at.payload, l4 + (kind.tcp ? 32 : 8));
		assert_int_equal(at.frames, 4);
		assert_int_equal(at.tcp, kind.tcp);
		assert_int_equal(at.ipv6, kind.version);
		assert_true(check(&k, OFFLOAD_CHECKSUM, 0, &o, &at));
		assert_int_equal(at.frames, 1);
	}
}

static void options_and_extension_headers_are_passed(void **state)
{
	struct offload_place at;
	struct offload o;
	struct pkt k;

	(void)state;
	begin(&k, &plain);
	put_v4(&k, PACKET_TCP, v4(1), v4(2), 8, 0, 7);
	put_l4(&k, &plain, PIECE);
	assert_true(check(&k, OFFLOAD_CHECKSUM, 0, &o, &at));
	assert_int_equal(at.l4, 14 + 32);

	begin(&k, &(struct kind){ 1, true, 0 });
	put_ip(&k, 0, v6(1), v6(2));
	put_extension(&k, 43, 1);
	put_extension(&k, 60, 3);
	put_extension(&k, PACKET_TCP, 2);
	put_l4(&k, &plain, PIECE);
	assert_true(
		check(&k, OFFLOAD_CHECKSUM | OFFLOAD_TCP6, PIECE - 1, &o, &at));
	assert_int_equal(at.l4, 14 + 40 + 48);
}

/* A checksum to complete comes without a segment, and in small frames. */
static void a_checksum_alone_may_be_left(void **state)
{
	struct pkt k;

	(void)state;
	make(&k, &(struct kind){ 0, false, 0 }, 0);
	assert_int_equal(k.n, 42);
	assert_true(legal(&k, OFFLOAD_CHECKSUM, 0));
	make(&k, &(struct kind){ 1, false, 0 }, 1);
	assert_true(legal(&k, OFFLOAD_CHECKSUM, 0));
	/* Handshakes are of this kind, too. */
	make(&k, &plain, 0);
	k.b[14 + 20 + 13] = PACKET_SYN;
	assert_true(legal(&k, OFFLOAD_CHECKSUM, 0));
}

static void frames_are_at_least_two_and_not_too_many(void **state)
{
	const unsigned int f = OFFLOAD_CHECKSUM | OFFLOAD_TCP4;
	struct pkt k;

	(void)state;
	make(&k, &plain, PIECE + 1);
	assert_true(legal(&k, f, PIECE));
	assert_false(legal(&k, f, PIECE + 1));
	assert_false(legal(&k, f, UINT16_MAX));
	assert_false(legal(&k, f, 0));
	assert_true(legal(&k, f, 1));
	make(&k, &plain, OFFLOAD_MAX_FRAMES);
	assert_true(legal(&k, f, 1));
	make(&k, &plain, OFFLOAD_MAX_FRAMES + 1);
	assert_false(legal(&k, f, 1));
	assert_true(legal(&k, f, 2));
	make(&k, &plain, 0);
	assert_false(legal(&k, f, 1));
}

/* CWR goes into the first frame alone, whatever the sender says of it. */
static void ecn_is_what_the_header_says(void **state)
{
	const unsigned int f = OFFLOAD_CHECKSUM | OFFLOAD_TCP4;
	struct offload_place at;
	struct offload o;
	struct pkt k;

	(void)state;
	make(&k, &plain, 2 * PIECE);
	assert_true(check(&k, f | OFFLOAD_ECN, PIECE, &o, &at));
	assert_int_equal(o.flags, f);
	k.b[14 + 20 + 13] |= 0x80;
	assert_true(check(&k, f, PIECE, &o, &at));
	assert_int_equal(o.flags, f | OFFLOAD_ECN);
}

/* --- what is not -------------------------------------------------------- */

static void hc43_no_type_but_the_packets_own(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		const struct kind kind = { i % 2, i / 2, 0 };
		struct pkt k;

		make(&k, &kind, 3 * PIECE);
		for (unsigned int flags = 0; flags < 256; flags++) {
			unsigned int type = flags & OFFLOAD_TYPE;
			bool sum = flags & OFFLOAD_CHECKSUM;
			bool ecn = flags & OFFLOAD_ECN;
			bool ok = !(flags & ~OFFLOAD_ALL) && sum &&
				  type == type_of(&kind) && (kind.tcp || !ecn);

			assert_int_equal(legal(&k, flags, PIECE), ok);
			if (sum && type == 0)
				assert_int_equal(legal(&k, flags, 0),
						 flags == OFFLOAD_CHECKSUM);
		}
	}
}

static void hc43_not_on_fragments(void **state)
{
	static const unsigned int frag[] = { 0x2000, 0x0001, 0x2001, 0x1fff };
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		begin(&k, &plain);
		put_v4(&k, PACKET_TCP, v4(1), v4(2), 5, frag[i], 7);
		put_l4(&k, &plain, PIECE);
		assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
		assert_false(
			legal(&k, OFFLOAD_CHECKSUM | OFFLOAD_TCP4, PIECE / 2));
	}
	/* The third is the whole packet, and has the header all the same. */
	for (unsigned int i = 0; i < 3; i++) {
		begin(&k, &(struct kind){ 1, true, 0 });
		put_ip(&k, 44, v6(1), v6(2));
		put_fragment(&k, PACKET_TCP, i == 1 ? 8 : 0, i == 0, 9);
		put_l4(&k, &plain, PIECE);
		assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
	}
}

static void hc43_not_on_other_packets(void **state)
{
	struct pkt k;

	(void)state;
	put_arp(&k, 1, v4(1), v4(2));
	assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
	put_eth(&k, 0x88b5);
	put_zeros(&k, 200);
	assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
	assert_false(legal(&k, OFFLOAD_CHECKSUM | OFFLOAD_TCP4, PIECE));
	/* SCTP, whose checksum is another; GRE; ICMP. */
	for (unsigned int i = 0; i < 3; i++) {
		start(&k, 0, i == 0 ? 132 : i == 1 ? 47 : PACKET_ICMP);
		put_zeros(&k, 200);
		finish(&k);
		assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
		assert_false(legal(&k, OFFLOAD_CHECKSUM | OFFLOAD_UDP, PIECE));
	}
	/* An authentication header holds for one packet. */
	begin(&k, &(struct kind){ 1, true, 0 });
	put_ip(&k, 51, v6(1), v6(2));
	put_extension(&k, PACKET_TCP, 3);
	k.b[14 + 40 + 1] = 4;
	put_l4(&k, &plain, PIECE);
	assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
	/* A third tag, and a frame that is hardly one. */
	make(&k, &(struct kind){ 0, true, 3 }, PIECE);
	assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
	for (unsigned int n = 0; n < 54; n++) {
		make(&k, &plain, 0);
		k.n = n;
		if (n >= FRAME_MIN)
			assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
		else
			assert_false(offload_locate(
				k.b, n,
				&(struct offload){ .flags = OFFLOAD_CHECKSUM },
				&(struct offload_place){ 0 }));
	}
}

/* The packet ends where the frame ends: nothing may be behind, or missing. */
static void hc43_lengths_agree(void **state)
{
	const unsigned int f = OFFLOAD_CHECKSUM | OFFLOAD_TCP4;
	struct pkt k;

	(void)state;
	make(&k, &plain, 2 * PIECE);
	put8(&k, 0);
	assert_false(legal(&k, f, PIECE));
	assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
	k.n -= 2;
	assert_false(legal(&k, f, PIECE));
	assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
	for (unsigned int i = 0; i < 2; i++) {
		const struct kind udp = { i, false, 0 };
		unsigned int at = 14 + (i ? 40 : 20) + 4;

		make(&k, &udp, 2 * PIECE);
		assert_true(legal(&k, OFFLOAD_CHECKSUM | OFFLOAD_UDP, PIECE));
		set16(k.b + at, 8 + PIECE);
		assert_false(legal(&k, OFFLOAD_CHECKSUM | OFFLOAD_UDP, PIECE));
		assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
		set16(k.b + at, 9 + 2 * PIECE);
		assert_false(legal(&k, OFFLOAD_CHECKSUM, 0));
	}
}

static void hc43_no_segment_opens_or_resets(void **state)
{
	const unsigned int f = OFFLOAD_CHECKSUM | OFFLOAD_TCP4;
	struct pkt k;

	(void)state;
	make(&k, &plain, 2 * PIECE);
	for (unsigned int flags = 0; flags < 256; flags++) {
		k.b[14 + 20 + 13] = (uint8_t)flags;
		assert_int_equal(legal(&k, f, PIECE),
				 !(flags & (PACKET_SYN | PACKET_RST)));
	}
}

/* Headers that go on behind the snapshot could not be repeated. */
static void hc43_headers_behind_the_snapshot(void **state)
{
	const struct kind tcp6 = { 1, true, 0 };

	(void)state;
	for (unsigned int n = 1; n < 26; n++) {
		unsigned int payload = 14 + 40 + n * 8 + 20 + TCP_OPTIONS;
		struct pkt k;

		begin(&k, &tcp6);
		put_ip(&k, 60, v6(1), v6(2));
		put_extension(&k, PACKET_TCP, n);
		put_l4(&k, &plain, 2 * PIECE);
		assert_int_equal(legal(&k, OFFLOAD_CHECKSUM | OFFLOAD_TCP6,
				       PIECE),
				 payload <= FRAME_SNAP_MAX);
	}
}

/* --- ports -------------------------------------------------------------- */

static void a_port_takes_what_it_says(void **state)
{
	static const struct {
		unsigned int flags;
		unsigned int needs;
	} row[] = {
		{ 0, 0 },
		{ OFFLOAD_CHECKSUM, OFFLOAD_TAKES_CHECKSUM },
		{ OFFLOAD_CHECKSUM | OFFLOAD_TCP4,
		  OFFLOAD_TAKES_CHECKSUM | OFFLOAD_TAKES_TCP4 },
		{ OFFLOAD_CHECKSUM | OFFLOAD_TCP6,
		  OFFLOAD_TAKES_CHECKSUM | OFFLOAD_TAKES_TCP6 },
		{ OFFLOAD_CHECKSUM | OFFLOAD_UDP,
		  OFFLOAD_TAKES_CHECKSUM | OFFLOAD_TAKES_UDP },
		{ OFFLOAD_CHECKSUM | OFFLOAD_TCP4 | OFFLOAD_ECN,
		  OFFLOAD_TAKES_CHECKSUM | OFFLOAD_TAKES_TCP4 |
			  OFFLOAD_TAKES_ECN },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct offload o = { .flags = (uint8_t)row[i].flags };

		for (unsigned int port = 0; port < 64; port++) {
			unsigned int needs = row[i].needs;

			if (needs)
				needs |= OFFLOAD_PORT;
			assert_int_equal(offload_takes(port, o),
					 (port & needs) == needs);
		}
	}
}

static void impossible_ports_are_refused(void **state)
{
	const uint32_t sum = OFFLOAD_PORT | OFFLOAD_TAKES_CHECKSUM;

	(void)state;
	assert_true(offload_port_ok(0, 1518, 0));
	assert_false(offload_port_ok(0, 1518, 65531));
	assert_false(offload_port_ok(OFFLOAD_TAKES_CHECKSUM, 1518, 0));
	assert_true(offload_port_ok(OFFLOAD_PORT, 1518, 0));
	assert_true(offload_port_ok(OFFLOAD_PORT, 1518, 65531));
	assert_true(offload_port_ok(sum, 1518, 0));
	assert_true(offload_port_ok(sum | OFFLOAD_TAKES_TCP4, 1518, 1518));
	assert_false(offload_port_ok(sum | OFFLOAD_TAKES_TCP4, 1518, 1517));
	assert_false(offload_port_ok(sum | OFFLOAD_TAKES_TCP4, 1518, 0));
	assert_false(offload_port_ok(sum | OFFLOAD_TAKES_TCP4, 1518, 65532));
	assert_false(offload_port_ok(OFFLOAD_PORT | OFFLOAD_TAKES_TCP4, 1518,
				     65531));
	assert_false(offload_port_ok(sum | 0x40, 1518, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_those_of_the_headers),
		cmocka_unit_test(options_and_extension_headers_are_passed),
		cmocka_unit_test(a_checksum_alone_may_be_left),
		cmocka_unit_test(frames_are_at_least_two_and_not_too_many),
		cmocka_unit_test(ecn_is_what_the_header_says),
		cmocka_unit_test(hc43_no_type_but_the_packets_own),
		cmocka_unit_test(hc43_not_on_fragments),
		cmocka_unit_test(hc43_not_on_other_packets),
		cmocka_unit_test(hc43_lengths_agree),
		cmocka_unit_test(hc43_no_segment_opens_or_resets),
		cmocka_unit_test(hc43_headers_behind_the_snapshot),
		cmocka_unit_test(a_port_takes_what_it_says),
		cmocka_unit_test(impossible_ports_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
