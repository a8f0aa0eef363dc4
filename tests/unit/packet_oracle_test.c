/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parser against another one, over frames made at random and spoiled.
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

#define FRAMES 250000u

/* --- frames ------------------------------------------------------------- */

static uint64_t rng = 0x9e3779b97f4a7c15ull;

static unsigned int dice(unsigned int n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned int)((rng >> 32) % n);
}

static void put_random_carried(struct pkt *k, unsigned int protocol)
{
	static const uint8_t nd[] = { 0, 8, 16, 16, 32 };
	unsigned int type;

	switch (protocol) {
	case PACKET_TCP:
		put_tcp(k, dice(65536), dice(65536), dice(256));
		break;
	case PACKET_UDP:
		put_udp(k, dice(65536), dice(65536));
		break;
	case PACKET_ICMP:
		put_icmp(k, dice(20), dice(3), dice(65536));
		break;
	case PACKET_ICMPV6:
		type = dice(3) ? 133 + dice(5) : 126 + dice(5);
		put_icmp(k, type, 0, dice(65536));
		if (type < 133)
			break;
		put_zeros(k, nd[type - 133]);
		for (unsigned int n = dice(4); n > 0; n--)
			put_nd_option(k, dice(4), 0x020000000000 + dice(2));
		break;
	default:
		break;
	}
}

static void put_random_chain(struct pkt *k, unsigned int last)
{
	static const uint8_t types[] = { 43, 44, 51, 60, 60 };
	unsigned int n = dice(3) ? dice(3) : dice(10);
	unsigned int next = n ? dice(4) ? types[dice(5)] : 0 : last;

	put_start(k, next, v6(dice(99)), v6(dice(99)));
	for (; n > 0; n--) {
		unsigned int kind = next;

		next = n > 1 ? types[dice(5)] : last;
		if (kind == 44)
			put_fragment(k, next, dice(2) ? 0 : dice(65536) & ~7u,
				     dice(2), dice(65536));
		else if (kind == 51)
			put_extension(k, next, 1);
		else
			put_extension(k, next, 1 + dice(2));
	}
}

/* An IP packet, or (@deep) an error with one inside. */
static void put_random_ip(struct pkt *k, bool deep)
{
	static const uint8_t fours[] = { 6, 17, 1, 47 };
	static const uint8_t sixes[] = { 6, 17, 58, 59 };
	unsigned int protocol;

	if (dice(2)) {
		protocol = fours[dice(4)];
		put_eth(k, 0x0800);
		put_v4(k, deep ? PACKET_ICMP : protocol, v4(dice(99)),
		       v4(dice(99)), 5 + dice(3),
		       dice(4) ? dice(2) << 14 : dice(65536), dice(65536));
		if (deep) {
			put_icmp(k, 3 + dice(10), dice(3), 0);
			put_v4(k, protocol, v4(dice(99)), v4(dice(99)),
			       5 + dice(2), 0, 0);
		}
	} else {
		protocol = sixes[dice(4)];
		put_random_chain(k, deep ? PACKET_ICMPV6 : protocol);
		if (deep) {
			put_icmp(k, dice(6), dice(3), 0);
			put_ip(k, protocol, v6(dice(99)), v6(dice(99)));
		}
	}
	put_random_carried(k, protocol);
}

static void put_random(struct pkt *k)
{
	unsigned int kind = dice(10), tags = dice(4) ? 0 : dice(4);

	if (kind == 0)
		put_arp(k, dice(3), v4(dice(99)), v4(dice(99)));
	else
		put_random_ip(k, kind < 4);
	put_zeros(k, dice(2) * dice(30));
	finish(k);
	put_zeros(k, dice(2) * dice(30));
	for (; tags > 0; tags--) {
		memmove(k->b + 16, k->b + 12, k->n - 12);
		k->n += 4;
		set16(k->b + 12, dice(2) ? 0x8100 : 0x88a8);
		set16(k->b + 14, dice(9) ? dice(4096) : 0xfff);
	}
}

static void spoil_bytes(struct pkt *k)
{
	static const uint8_t values[] = { 0, 1, 4, 6, 17, 43, 44, 58, 255 };

	for (unsigned int n = dice(2) ? dice(4) : 0; n > 0; n--) {
		uint8_t *b = k->b + 12 + dice(k->n - 12);

		*b = (uint8_t)(dice(2) ? dice(256) : values[dice(9)]);
	}
}

/* --- comparing ---------------------------------------------------------- */

static const struct field {
	const char *name;
	size_t at;
	size_t size;
} fields[] = {
#define FIELD(f)                                                               \
	{                                                                      \
#f, offsetof(struct packet, f),                                \
			sizeof(((struct packet *)0)->f)                        \
	}
	FIELD(kind),	  FIELD(flaw),	     FIELD(protocol),  FIELD(hop_limit),
	FIELD(ethertype), FIELD(l3),	     FIELD(l4),	       FIELD(end),
	FIELD(addressed), FIELD(carried),    FIELD(fragment),  FIELD(later),
	FIELD(ported),	  FIELD(flagged),    FIELD(icmp),      FIELD(nd),
	FIELD(linked),	  FIELD(arp_op),     FIELD(tcp_flags), FIELD(icmp_type),
	FIELD(icmp_code), FIELD(icmp_ident), FIELD(sport),     FIELD(dport),
	FIELD(frag_at),	  FIELD(frag_len),   FIELD(ip_id),     FIELD(arp_sha),
	FIELD(link),	  FIELD(src.hi),     FIELD(src.lo),    FIELD(dst.hi),
	FIELD(dst.lo),	  FIELD(target.hi),  FIELD(target.lo),
#undef FIELD
};

static void compare(const struct packet *have, const struct packet *want,
		    unsigned int number)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const struct field *f = &fields[i];

		if (memcmp((const char *)have + f->at,
			   (const char *)want + f->at, f->size) != 0)
			fail_msg("frame %u: %s differs", number, f->name);
	}
}

static void hc18_two_parsers_agree(void **state)
{
	unsigned int flaws[4] = { 0 }, kinds[4] = { 0 }, inners = 0;

	(void)state;
	for (unsigned int i = 0; i < FRAMES; i++) {
		struct packet p, inner, want, want_inner;
		unsigned int len, snap;
		struct frame *f;
		struct pkt k;
		bool found;

		put_random(&k);
		spoil_bytes(&k);
		len = dice(4) ? k.n : 14 + dice(k.n - 13);
		snap = dice(3) ? len : 14 + dice(len - 13);
		snap = snap < FRAME_SNAP_MAX ? snap : FRAME_SNAP_MAX;
		f = frame_new(&k, len, snap);
		packet_parse(f, &p);
		want = oracle_parse(f->bytes, len, snap);
		compare(&p, &want, i);
		found = packet_parse_inner(f, &p, &inner);
		assert_int_equal(found, oracle_inner(f->bytes, snap, &want,
						     &want_inner));
		if (found)
			compare(&inner, &want_inner, i);
		free(f);
		flaws[p.flaw]++;
		kinds[p.kind]++;
		inners += found;
	}
	/* It was worth while. */
	assert_true(flaws[PACKET_SOUND] > FRAMES / 5);
	assert_true(flaws[PACKET_CUT] > FRAMES / 10);
	assert_true(flaws[PACKET_MALFORMED] > FRAMES / 10);
	assert_true(flaws[PACKET_TAGS] > FRAMES / 100);
	for (unsigned int kind = 0; kind < 4; kind++)
		assert_true(kinds[kind] > FRAMES / 20);
	assert_true(inners > FRAMES / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc18_two_parsers_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
