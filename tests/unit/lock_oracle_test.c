/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address locks: frames against the most gullible reader there could be.
 *
 * The lock reads a packet strictly or not at all; receivers need not.
 * So there is a reader here that believes everything: any number of tags,
 * headers of any kind in any order, lengths that lie, options cut short.
 * Whatever it takes to be the sender's address in a frame that is let through
 * must be the sender's.
 *
 * Frames are packets of honest and of lying hosts, with some bytes changed,
 * cut somewhere, with tags put in.
 */
#include "tests/unit/lock_rig.h"
#include "tests/unit/packet_oracle.h"

static uint64_t random_state = 0x6f7261636c65;

/* xorshift64* */
static uint64_t random64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

static unsigned int random_below(unsigned int below)
{
	return (uint32_t)(random64() >> 33) % below;
}

/* --- the reader --------------------------------------------------------- */

/* Bytes up to @n; behind them it reads zeros. */
struct reader {
	const uint8_t *b;
	unsigned int n;
};

static unsigned int byte(const struct reader *r, unsigned int at)
{
	return at < r->n ? r->b[at] : 0;
}

static unsigned int word(const struct reader *r, unsigned int at)
{
	return byte(r, at) << 8 | byte(r, at + 1);
}

static uint64_t number(const struct reader *r, unsigned int at, unsigned int n)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < n; i++)
		value = value << 8 | byte(r, at + i);
	return value;
}

static bool own_v4(const struct reader *r, unsigned int at)
{
	uint64_t a = number(r, at, 4);

	return a == 0x0a000001 || a >> 8 == 0x0a0001;
}

static bool own_v6(const struct reader *r, unsigned int at)
{
	uint64_t hi = number(r, at, 8);
	uint64_t lo = number(r, at + 8, 8);

	if (hi == 0x20010db800000001)
		return true;
	return lo == 1 &&
	       (hi == 0x20010db800000000 || hi == 0xfe80000000000000);
}

static bool no_v6(const struct reader *r, unsigned int at)
{
	return number(r, at, 8) == 0 && number(r, at + 8, 8) == 0;
}

static bool believe_arp(const struct reader *r, unsigned int at)
{
	if (number(r, at + 8, 6) != number(r, 6, 6))
		return false;
	if (number(r, at + 14, 4) == 0)
		return word(r, at + 6) == 1 && own_v4(r, at + 24);
	return own_v4(r, at + 14);
}

static bool believe_v4(const struct reader *r, unsigned int at)
{
	unsigned int l4 = at + (byte(r, at) & 15) * 4;
	unsigned int protocol = byte(r, at + 9);
	bool first = (word(r, at + 6) & 0x1fff) == 0;

	if (number(r, at + 12, 4) == 0 && protocol == 2)
		return first && byte(r, at + 8) == 1 &&
		       byte(r, at + 16) >> 4 == 0xe &&
		       (byte(r, l4) == 0x22 || byte(r, l4) == 0x12 ||
			byte(r, l4) == 0x16 || byte(r, l4) == 0x17);
	if (number(r, at + 12, 4) == 0)
		return protocol == 17 && first && word(r, l4) == 68 &&
		       word(r, l4 + 2) == 67;
	if (protocol == 1 && first && (byte(r, l4) == 5 || byte(r, l4) == 9))
		return false;
	return own_v4(r, at + 12);
}

/* Is every link-layer address among the options the frame's? */
static bool believe_options(const struct reader *r, unsigned int at)
{
	while (at + 8 <= r->n && byte(r, at + 1) != 0) {
		unsigned int type = byte(r, at);

		if ((type == 1 || type == 2) &&
		    number(r, at + 2, 6) != number(r, 6, 6))
			return false;
		at += byte(r, at + 1) * 8;
	}
	return true;
}

static bool believe_icmpv6(const struct reader *r, unsigned int at, bool nobody)
{
	unsigned int type = byte(r, at);

	if (nobody && type != 131 && type != 132 && type != 143 &&
	    type != 133 && type != 135)
		return false;
	switch (type) {
	case 133:
		return believe_options(r, at + 8);
	case 134:
	case 137:
		return false;
	case 135:
		return believe_options(r, at + 24) &&
		       (!nobody || own_v6(r, at + 8));
	case 136:
		return believe_options(r, at + 24) && own_v6(r, at + 8);
	default:
		return true;
	}
}

static unsigned int header_length(const struct reader *r, unsigned int kind,
				  unsigned int at)
{
	if (kind == 44)
		return 8;
	return kind == 51 ? (byte(r, at + 1) + 2) * 4
			  : (byte(r, at + 1) + 1) * 8;
}

/* Where IPv6 carries ICMPv6, or 0: whatever can be skipped is. */
static unsigned int find_icmpv6(const struct reader *r, unsigned int at)
{
	unsigned int next = byte(r, at + 6);

	at += 40;
	while (at < r->n && next != 58) {
		unsigned int kind = next;

		if (kind != 0 && kind != 43 && kind != 44 && kind != 51 &&
		    kind != 60 && kind != 135 && kind != 139 && kind != 140)
			return 0;
		if (kind == 44 && word(r, at + 2) >> 3 != 0)
			return 0;
		next = byte(r, at);
		at += header_length(r, kind, at);
	}
	return at < r->n ? at : 0;
}

static bool believe_v6(struct reader *r, unsigned int at)
{
	unsigned int end = at + 40 + word(r, at + 4);
	unsigned int icmp;
	bool nobody = no_v6(r, at + 8);

	/* Only padding is believed by nobody. */
	if (end < r->n)
		r->n = end;
	icmp = find_icmpv6(r, at);
	if (icmp != 0 && !believe_icmpv6(r, icmp, nobody))
		return false;
	return own_v6(r, at + 8) || (nobody && icmp != 0);
}

static bool believe(struct reader *r)
{
	unsigned int at = 12;

	while (word(r, at) == 0x8100 || word(r, at) == 0x88a8)
		at += 4;
	switch (word(r, at)) {
	case 0x0806:
		return believe_arp(r, at + 2);
	case 0x0800:
		return believe_v4(r, at + 2);
	case 0x86dd:
		return believe_v6(r, at + 2);
	default:
		return false;
	}
}

/* --- frames ------------------------------------------------------------- */

static struct ip_addr some_v4(void)
{
	if (random_below(8) == 0)
		return ip_from_v4(0);
	return lock_v4[random_below(LOCK_V4)].ip;
}

static struct ip_addr some_v6(void)
{
	if (random_below(8) == 0)
		return (struct ip_addr){ 0, 0 };
	return lock_v6[random_below(LOCK_V6)].ip;
}

static void put_some_arp(struct pkt *k)
{
	put_arp(k, 1 + random_below(2), some_v4(), some_v4());
	put_zeros(k, random_below(30));
}

static void put_some_v4(struct pkt *k)
{
	struct ip_addr all = ip_from_v4(0xffffffff);
	bool dhcp = random_below(3) == 0;
	bool udp = dhcp || random_below(2);

	put_eth(k, 0x0800);
	put_v4(k, udp ? 17 : 1, some_v4(), dhcp ? all : some_v4(),
	       5 + random_below(3), random_below(4) ? 0 : random_below(65536),
	       7);
	if (udp)
		put_udp(k, dhcp ? 68 : 1000, 67);
	else
		put_icmp(k, random_below(14), 0, 1);
}

static void put_some_igmp(struct pkt *k)
{
	static const uint8_t types[] = { 0x11, 0x12, 0x16, 0x17, 0x22, 0x13 };
	static const uint32_t groups[] = { 0xe0000016, 0xe0000001, 0xefffffff,
					   0xdfffffff, 0xf0000000 };

	put_eth(k, 0x0800);
	put_v4(k, PACKET_IGMP, some_v4(),
	       random_below(8) ? ip_from_v4(groups[random_below(5)])
			       : some_v4(),
	       5 + random_below(2), 0, 7);
	put_icmp(k, types[random_below(6)], 0, 0);
	set_hops(k, random_below(8) ? 1 : 2);
	put_zeros(k, random_below(3) ? 0 : random_below(20));
}

static void put_some_nd(struct pkt *k)
{
	unsigned int type = 131 + random_below(7);

	if (type == 133)
		put_icmp(k, type, 0, 0);
	else
		put_nd(k, type, some_v6());
	set_hops(k, random_below(8) == 0 ? 64 : type < 133 ? 1 : 255);
	if (type == 134 || random_below(4) == 0)
		return;
	for (unsigned int i = random_below(3); i-- > 0;)
		put_nd_option(k, 1 + random_below(3),
			      random_below(3) ? MAC : OTHER_MAC);
}

static void put_some_v6(struct pkt *k)
{
	static const uint8_t headers[] = { 60, 43, 44, 60, 58, 58, 58, 58 };
	unsigned int next = headers[random_below(8)];

	put_start(k, next, some_v6(), some_v6());
	while (next != 58) {
		unsigned int after = headers[random_below(8)];

		if (next == 44)
			put_fragment(k, after, random_below(3) ? 0 : 8,
				     random_below(3) == 0, 1);
		else
			put_extension(k, after, 1 + random_below(2));
		next = after;
	}
	put_some_nd(k);
}

static void put_some(struct pkt *k)
{
	switch (random_below(5)) {
	case 0:
		put_some_arp(k);
		break;
	case 1:
		put_some_v4(k);
		break;
	case 2:
		put_some_igmp(k);
		break;
	default:
		put_some_v6(k);
		break;
	}
	finish(k);
}

/* Some bytes more like others, or like anything. */
static void spoil(struct pkt *k)
{
	for (unsigned int i = random_below(4); i-- > 0;) {
		unsigned int at = 12 + random_below(k->n - 12);

		if (random_below(2))
			k->b[at] = k->b[random_below(k->n)];
		else
			k->b[at] ^= (uint8_t)(1u << random_below(8));
	}
}

/* --- both --------------------------------------------------------------- */

static void hc17_nothing_let_through_is_a_lie(void **state)
{
	unsigned int allowed = 0;
	unsigned int spoilt = 0;

	(void)state;
	for (unsigned int i = 0; i < 400000; i++) {
		unsigned int len, snap;
		struct reader r;
		struct pkt k;

		put_some(&k);
		if (i % 2)
			spoil(&k);
		insert_tags(&k, random_below(8) ? random_below(3)
						: random_below(6));
		len = random_below(4) ? k.n : 14 + random_below(k.n - 13);
		snap = len < PACKET_SNAP ? len : PACKET_SNAP;
		if (!allows_part(&k, len, snap))
			continue;
		r = (struct reader){ k.b, len };
		assert_true(believe(&r));
		allowed++;
		spoilt += i % 2;
	}
	assert_in_range(allowed, 40000, 200000);
	assert_in_range(spoilt, 10000, 100000);
}

/* Some messages are taken for what they are, to the letter. */
static bool is_strict(const struct reader *r, const struct packet *p)
{
	bool nobody = p->kind == PACKET_IPV6 ? no_v6(r, p->l3 + 8)
					     : number(r, p->l3 + 12, 4) == 0;
	bool padded = r->n > p->end && r->n > p->l3 + 46u;

	if (p->kind == PACKET_ARP)
		return oracle_resolves(r->b, r->n, p);
	if (p->icmp && p->kind == PACKET_IPV6 && p->icmp_type >= 133)
		return oracle_discovers(r->b, r->n, p) &&
		       (!nobody || p->icmp_type != 135 ||
			byte(r, p->l3 + 24) == 0xff);
	if (!nobody)
		return true;
	if (p->kind == PACKET_IPV6)
		return !padded && byte(r, p->l3 + 7) == 1 &&
		       byte(r, p->l3 + 24) == 0xff && p->end == p->l4 + 24 &&
		       oracle_sums(r->b, r->n, p);
	if (p->protocol == PACKET_IGMP)
		return !padded && oracle_sums(r->b, r->n, p) &&
		       (byte(r, p->l4) == 0x22 || p->end == p->l4 + 8);
	return !padded && !p->fragment &&
	       number(r, p->l3 + 16, 4) == 0xffffffff;
}

/* What the reader believes and the lock refuses is a matter of strictness. */
static void sound_packets_are_judged_alike(void **state)
{
	unsigned int believed = 0;

	(void)state;
	for (unsigned int i = 0; i < 200000; i++) {
		struct packet p;
		struct reader r;
		struct pkt k;
		bool expected;

		put_some(&k);
		insert_tags(&k, random_below(3));
		p = parse_part(&k, k.n, k.n < PACKET_SNAP ? k.n : PACKET_SNAP);
		r = (struct reader){ k.b, k.n };
		expected = believe(&r) && p.flaw == PACKET_SOUND;
		/* What the reader does not know of. */
		if (no_v6(&r, p.l3 + 8) && p.kind == PACKET_IPV6)
			expected = expected && !p.fragment && !p.linked;
		expected = expected && is_strict(&r, &p);
		assert_int_equal(allows_raw(&k), expected);
		believed += expected;
	}
	assert_in_range(believed, 20000, 150000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc17_nothing_let_through_is_a_lie),
		cmocka_unit_test(sound_packets_are_judged_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
