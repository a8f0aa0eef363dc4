/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address locks: IPv6 and neighbour discovery.
 */
#include "tests/unit/lock_rig.h"

#define ICMPV6 58u

#define RS 133u
#define RA 134u
#define NS 135u
#define NA 136u
#define REDIRECT 137u

static const struct ip_addr own = { 0x20010db800000000, 1 };
static const struct ip_addr own2 = { 0x20010db800000001, 77 };
static const struct ip_addr own_link = { 0xfe80000000000000, 1 };
static const struct ip_addr other = { 0x20010db800000000, 2 };
static const struct ip_addr other_link = { 0xfe80000000000000, 2 };
static const struct ip_addr nobody = { 0, 0 };
static const struct ip_addr all_nodes = { 0xff02000000000000, 1 };

/* What stands between an IPv6 header and what it carries. */
enum chain {
	CHAIN_NONE,
	CHAIN_HOP_BY_HOP,
	CHAIN_ROUTING,
	CHAIN_OPTIONS,
	CHAIN_LONG,
	CHAIN_ATOMIC, /* a fragment that is all there is */
	CHAIN_FIRST,
	CHAIN_LATER,
	CHAINS,
};

static const struct {
	uint8_t header[4];
	unsigned int n;
} chains[CHAINS] = {
	[CHAIN_HOP_BY_HOP] = { { 0 }, 1 },
	[CHAIN_ROUTING] = { { 43 }, 1 },
	[CHAIN_OPTIONS] = { { 60 }, 1 },
	[CHAIN_LONG] = { { 0, 60, 43, 60 }, 4 },
	[CHAIN_ATOMIC] = { { 44 }, 1 },
	[CHAIN_FIRST] = { { 44 }, 1 },
	[CHAIN_LATER] = { { 44 }, 1 },
};

/* Ethernet, IPv6, and a chain of headers in front of @protocol. */
static void put_v6(struct pkt *k, enum chain chain, unsigned int protocol,
		   struct ip_addr src, struct ip_addr dst)
{
	unsigned int n = chains[chain].n;

	put_start(k, n > 0 ? chains[chain].header[0] : protocol, src, dst);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int next = i + 1 < n ? chains[chain].header[i + 1]
					      : protocol;

		if (chains[chain].header[i] == 44)
			put_fragment(k, next, chain == CHAIN_LATER ? 8 : 0,
				     chain == CHAIN_FIRST, 1);
		else
			put_extension(k, next, 1);
	}
}

static bool is_fragment(enum chain chain)
{
	return chain == CHAIN_FIRST || chain == CHAIN_LATER;
}

/* --- sources ------------------------------------------------------------ */

static void put_payload(struct pkt *k, unsigned int protocol)
{
	if (protocol == PACKET_TCP)
		put_tcp(k, 1000, 80, PACKET_SYN);
	else if (protocol == PACKET_UDP)
		put_udp(k, 1000, 53);
	else
		put_icmp(k, 128, 0, 1);
}

static void hc17_ipv6_sources(void **state)
{
	static const unsigned int protocols[] = {
		PACKET_TCP, PACKET_UDP, ICMPV6, 4, 41, 50, 59
	};
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < LOCK_V6 * 7 * CHAINS * 3; i++) {
		const struct addr *a = &lock_v6[i % LOCK_V6];
		unsigned int protocol = protocols[i / LOCK_V6 % 7];
		enum chain chain = i / LOCK_V6 / 7 % CHAINS;

		put_v6(&k, chain, protocol, a->ip, other);
		put_payload(&k, protocol);
		insert_tags(&k, i / LOCK_V6 / 7 / CHAINS);
		assert_int_equal(allows(&k), a->own);
	}
}

static void hc17_one_bit_makes_it_anothers(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int bit = 0; bit < 128; bit++) {
		put_v6(&k, CHAIN_NONE, PACKET_TCP, own, other);
		put_tcp(&k, 1, 2, 0);
		k.b[14 + 8 + bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		/* One leads to the other prefix. */
		assert_int_equal(allows(&k), bit == 63);
	}
}

static void hc17_nothing_is_sent_from_the_unspecified_address(void **state)
{
	const struct policy_prefix all6 = { .bits = 0 };
	struct frame *f;
	struct pkt k;

	(void)state;
	for (enum chain chain = CHAIN_NONE; chain < CHAINS; chain++) {
		put_v6(&k, chain, PACKET_UDP, nobody, all_nodes);
		put_udp(&k, 68, 67);
		assert_false(allows(&k));
		put_v6(&k, chain, PACKET_UDP, nobody, all_nodes);
		put_udp(&k, 546, 547);
		assert_false(allows(&k));
		put_v6(&k, chain, PACKET_TCP, nobody, all_nodes);
		put_tcp(&k, 1, 2, 0);
		assert_false(allows(&k));
	}
	/* Nor if the prefix holds it. */
	put_v6(&k, CHAIN_NONE, PACKET_TCP, nobody, all_nodes);
	put_tcp(&k, 1, 2, 0);
	finish(&k);
	f = frame_new(&k, k.n, k.n);
	assert_false(lock_allows(&all6, 1, f));
	free(f);
}

/* Of all ICMPv6 there is: what a host says before it has an address. */
static void what_may_be_sent_from_the_unspecified_address(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int type = 0; type < 256; type++)
		for (enum chain chain = CHAIN_NONE; chain < CHAINS; chain++) {
			bool allowed = type == RS || type == NS ||
				       type == 131 || type == 132 ||
				       type == 143;

			put_v6(&k, chain, ICMPV6, nobody, all_nodes);
			put_icmp(&k, type, 0, 0);
			set_hops(&k, type == RS || type == NS ? 255 : 1);
			if (type != RS)
				put_addr(&k, own);
			assert_int_equal(allows(&k),
					 allowed && !is_fragment(chain));
		}
}

/* --- neighbour discovery ------------------------------------------------ */

enum link {
	LINK_NONE,
	LINK_OWN,
	LINK_OTHER,
	LINK_BOTH,  /* its own, and another's behind it */
	LINK_TWICE, /* its own, as source and as target */
	LINKS,
};

/* The Ethernet addresses of a message's options. */
static void put_links(struct pkt *k, unsigned int type, enum link link)
{
	if (link == LINK_OTHER)
		put_nd_option(k, type, OTHER_MAC);
	else if (link != LINK_NONE)
		put_nd_option(k, type, MAC);
	if (link == LINK_BOTH)
		put_nd_option(k, type, OTHER_MAC);
	if (link == LINK_TWICE)
		put_nd_option(k, 3 - type, MAC);
}

static bool is_true(enum link link)
{
	return link == LINK_NONE || link == LINK_OWN || link == LINK_TWICE;
}

/* A message of neighbour discovery, behind so many tags. */
static bool nd(unsigned int type, struct ip_addr src, struct ip_addr target,
	       enum link link, enum chain chain, unsigned int tags)
{
	struct pkt k;

	put_v6(&k, chain, ICMPV6, src, all_nodes);
	k.b[k.ip[0] + 7] = 255;
	put_icmp(&k, type, 0, 0);
	if (type == RA)
		put_zeros(&k, 8);
	else if (type != RS)
		put_addr(&k, target);
	if (type == REDIRECT)
		put_addr(&k, other);
	put_links(&k, type == NA || type == REDIRECT ? 2 : 1, link);
	insert_tags(&k, tags);
	return allows(&k);
}

static void nd_of_an_honest_host(void **state)
{
	(void)state;
	for (unsigned int tags = 0; tags < 3; tags++)
		for (enum link link = LINK_NONE; link <= LINK_OWN; link++) {
			/* It asks for others, and says where it is. */
			assert_true(nd(NS, own, other, link, 0, tags));
			assert_true(
				nd(NS, own_link, other_link, link, 0, tags));
			assert_true(nd(NA, own, own, link, 0, tags));
			assert_true(nd(NA, own_link, own, link, 0, tags));
			assert_true(nd(NA, own, own2, link, 0, tags));
			assert_true(nd(RS, own_link, own, link, 0, tags));
		}
	/* It has no address yet. */
	assert_true(nd(NS, nobody, own, LINK_NONE, 0, 0));
	assert_true(nd(NS, nobody, own_link, LINK_NONE, 0, 0));
	assert_true(nd(NS, nobody, own2, LINK_NONE, 0, 0));
	assert_true(nd(RS, nobody, own, LINK_NONE, 0, 0));
}

static void hc17_solicitations_that_lie(void **state)
{
	(void)state;
	assert_false(nd(NS, other, own, LINK_OWN, 0, 0));
	assert_false(nd(NS, other_link, own, LINK_NONE, 0, 0));
	assert_false(nd(NS, own, other, LINK_OTHER, 0, 0));
	assert_false(nd(NS, own, other, LINK_BOTH, 0, 0));
	assert_false(nd(RS, other_link, own, LINK_OWN, 0, 0));
	assert_false(nd(RS, own_link, own, LINK_OTHER, 0, 0));
	/* Another's address would be found to be taken. */
	assert_false(nd(NS, nobody, other, LINK_NONE, 0, 0));
	assert_false(nd(NS, nobody, other_link, LINK_NONE, 0, 0));
	/* No Ethernet address can be bound to nobody. */
	assert_false(nd(NS, nobody, own, LINK_OWN, 0, 0));
	assert_false(nd(RS, nobody, own, LINK_OWN, 0, 0));
}

/* With any flags: solicited or not, overriding or, as for anycast, not. */
static void hc17_advertisements_that_lie(void **state)
{
	struct pkt k;

	(void)state;
	assert_false(nd(NA, own, other, LINK_OWN, 0, 0));
	assert_false(nd(NA, own, other, LINK_NONE, 0, 0));
	assert_false(nd(NA, other, own, LINK_OWN, 0, 0));
	assert_false(nd(NA, other, other, LINK_OWN, 0, 0));
	assert_false(nd(NA, own, own, LINK_OTHER, 0, 0));
	assert_false(nd(NA, own, own, LINK_BOTH, 0, 0));
	assert_false(nd(NA, nobody, own, LINK_OWN, 0, 0));
	for (unsigned int flags = 0; flags < 256; flags++)
		for (unsigned int forged = 0; forged < 2; forged++) {
			put_start(&k, ICMPV6, own, all_nodes);
			put_nd(&k, NA, forged ? other : own);
			put_nd_option(&k, 2, MAC);
			k.b[k.ip[0] + 40 + 4] = (uint8_t)flags;
			assert_int_equal(allows(&k), !forged);
		}
}

/* Types 133 to 137, every source, target, option and chain of headers. */
static void hc17_all_of_neighbour_discovery(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 5 * LINKS * CHAINS * LOCK_V6; i++) {
		unsigned int type = RS + i % 5;
		enum link link = i / 5 % LINKS;
		enum chain chain = i / 5 / LINKS % CHAINS;
		const struct addr *src = &lock_v6[i / 5 / LINKS / CHAINS];
		bool host = type != RA && type != REDIRECT &&
			    chain != CHAIN_FIRST;

		for (unsigned int t = 0; t < LOCK_V6; t++) {
			bool expected = host && src->own && is_true(link) &&
					(type != NA || lock_v6[t].own);

			/*
			 * It is a later piece of anything, and is read by none.
			 */
			if (chain == CHAIN_LATER)
				expected = src->own;
			assert_int_equal(nd(type, src->ip, lock_v6[t].ip, link,
					    chain, 0),
					 expected);
		}
	}
}

static void hc17_a_locked_port_is_no_router(void **state)
{
	(void)state;
	for (unsigned int tags = 0; tags < 3; tags++)
		for (enum chain chain = CHAIN_NONE; chain < CHAIN_LATER;
		     chain++) {
			assert_false(nd(RA, own_link, own, 0, chain, tags));
			assert_false(nd(RA, own, own, LINK_OWN, chain, tags));
			assert_false(nd(RA, other_link, own, 0, chain, tags));
			assert_false(
				nd(REDIRECT, own_link, own, 0, chain, tags));
			assert_false(nd(REDIRECT, own, other, LINK_OWN, chain,
					tags));
		}
}

static void hc17_inverse_discovery_is_refused(void **state)
{
	(void)state;
	for (unsigned int type = 141; type <= 142; type++) {
		assert_false(nd(type, own, own, LINK_OWN, 0, 0));
		assert_false(nd(type, nobody, own, LINK_NONE, 0, 0));
	}
}

/* An option where the next one is to be, but not at its usual place. */
static void hc17_lies_behind_other_options(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int before = 0; before < 5; before++)
		for (unsigned int forged = 0; forged < 2; forged++) {
			put_start(&k, ICMPV6, own, all_nodes);
			put_nd(&k, NA, own);
			for (unsigned int i = 0; i < before; i++) {
				put8(&k, 14); /* nonce */
				put8(&k, 1 + i % 2);
				put_zeros(&k, 6 + 8 * (i % 2));
			}
			put_nd_option(&k, 2, forged ? OTHER_MAC : MAC);
			assert_int_equal(allows(&k), !forged);
			/* An option of no length ends it for nobody. */
			k.b[k.n - 7] = 0;
			assert_false(allows(&k));
		}
}

static void multicast_reports_need_no_address(void **state)
{
	static const unsigned int types[] = { 131, 132, 143 };
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int from = 0; from < 3; from++) {
			const struct ip_addr src[] = { nobody, own_link,
						       other_link };

			put_v6(&k, CHAIN_HOP_BY_HOP, ICMPV6, src[from],
			       all_nodes);
			put_icmp(&k, types[i], 0, 1);
			set_hops(&k, 1);
			put_zeros(&k, 16);
			assert_int_equal(allows(&k), from < 2);
		}
	/* A query is a router's. */
	put_v6(&k, CHAIN_HOP_BY_HOP, ICMPV6, nobody, all_nodes);
	put_icmp(&k, 130, 0, 0);
	set_hops(&k, 1);
	put_zeros(&k, 16);
	assert_false(allows(&k));
}

/* --- what is not there -------------------------------------------------- */

static void hc17_packets_cut_short(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int i = 0; i < 2 * 3 * CHAIN_FIRST; i++) {
		bool forged = i % 2;
		unsigned int last;

		put_v6(&k, i / 6, ICMPV6, own, all_nodes);
		put_nd(&k, NA, own);
		put_nd_option(&k, 2, forged ? OTHER_MAC : MAC);
		last = k.n;
		/* One that is not looked at, and need not be. */
		put8(&k, 14);
		put8(&k, 5);
		put_zeros(&k, 38);
		last += i / 2 % 3 * 4;
		insert_tags(&k, i / 2 % 3);
		assert_int_equal(allows(&k), !forged);
		for (unsigned int n = FRAME_MIN; n < k.n; n++) {
			assert_false(allows_part(&k, n, n));
			if (n < last + 2 || forged)
				assert_false(allows_part(&k, k.n, n));
		}
	}
}

/* Chains of headers as long as they get, and longer. */
static void hc17_long_chains(void **state)
{
	struct pkt k;

	(void)state;
	for (unsigned int n = 0; n < 20; n++)
		for (unsigned int forged = 0; forged < 2; forged++) {
			put_start(&k, n > 0 ? 60 : ICMPV6, own, all_nodes);
			for (unsigned int i = 0; i < n; i++)
				put_extension(&k, i + 1 < n ? 60 : ICMPV6, 1);
			put_nd(&k, NA, forged ? other : own);
			assert_int_equal(allows(&k),
					 !forged && n <= PACKET_MAX_EXTENSIONS);
		}
	/* As long as the snapshot, and then what is not seen. */
	put_start(&k, 60, own, all_nodes);
	put_extension(&k, ICMPV6, (PACKET_SNAP - 14 - 40 + 7) / 8);
	put_nd(&k, NA, other);
	assert_false(allows(&k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc17_ipv6_sources),
		cmocka_unit_test(hc17_one_bit_makes_it_anothers),
		cmocka_unit_test(
			hc17_nothing_is_sent_from_the_unspecified_address),
		cmocka_unit_test(what_may_be_sent_from_the_unspecified_address),
		cmocka_unit_test(nd_of_an_honest_host),
		cmocka_unit_test(hc17_solicitations_that_lie),
		cmocka_unit_test(hc17_advertisements_that_lie),
		cmocka_unit_test(hc17_all_of_neighbour_discovery),
		cmocka_unit_test(hc17_a_locked_port_is_no_router),
		cmocka_unit_test(hc17_inverse_discovery_is_refused),
		cmocka_unit_test(hc17_lies_behind_other_options),
		cmocka_unit_test(multicast_reports_need_no_address),
		cmocka_unit_test(hc17_packets_cut_short),
		cmocka_unit_test(hc17_long_chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
