/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/flow_near_rig.h"

const struct ip_addr all_nodes = { 0xff02ull << 48, 1 };

const struct flow_path to_c = { VLAN, A, C }, from_c = { VLAN, C, A };

struct ip_addr host(unsigned int version, unsigned int n)
{
	if (n == 0)
		return version ? (struct ip_addr){ 0 } : ip_from_v4(0);
	return version ? v6(n) : v4(n);
}

void put_ask(struct pkt *k, unsigned int version, unsigned int from,
	     unsigned int to)
{
	if (!version) {
		put_arp(k, ASK, host(0, from), host(0, to));
		return;
	}
	put_start(k, PACKET_ICMPV6, host(1, from), all_nodes);
	put_nd(k, NS, host(1, to));
	if (from)
		put_nd_option(k, 1, 0x020000000001);
}

void put_say(struct pkt *k, unsigned int version, unsigned int from,
	     unsigned int to)
{
	if (!version) {
		put_arp(k, SAY, host(0, from), host(0, to));
		return;
	}
	put_start(k, PACKET_ICMPV6, host(1, from),
		  to ? host(1, to) : all_nodes);
	put_nd(k, NA, host(1, from));
	put_nd_option(k, 2, 0x020000000001);
}

void a_asks(struct flow_table *t, const struct flow_path *path,
	    unsigned int version, unsigned int from, unsigned int to,
	    uint32_t now)
{
	struct pkt k;

	put_ask(&k, version, from, to);
	sent_on(t, &k, path, now);
}

bool may_ask(const struct flow_table *t, unsigned int version,
	     unsigned int from, unsigned int to, uint32_t now)
{
	struct pkt k;

	put_ask(&k, version, from, to);
	return answers(t, &k, now);
}

bool may_say(const struct flow_table *t, unsigned int version,
	     unsigned int from, unsigned int to, uint32_t now)
{
	struct pkt k;

	put_say(&k, version, from, to);
	return answers(t, &k, now);
}

bool may_announce(const struct flow_table *t, unsigned int version,
		  unsigned int n, uint32_t now)
{
	bool may = may_say(t, version, n, version ? 0 : n, now);

	if (!version)
		assert_int_equal(may_ask(t, 0, n, n, now), may);
	return may;
}

void goes_on(struct flow_table *t, struct pkt *k, const struct flow_path *path,
	     uint32_t now)
{
	struct flow_hit hit;
	struct packet p;

	assert_true(answers_on(t, k, path, now, &hit));
	p = parse(k);
	flow_answered(t, &p, path, &hit, GENERATION, now);
}

void b_says(struct flow_table *t, unsigned int version, unsigned int from,
	    unsigned int to, uint32_t now)
{
	struct pkt k;

	put_say(&k, version, from, to);
	goes_on(t, &k, &back, now);
}

void a_talks(struct flow_table *t, const struct flow_path *path,
	     unsigned int version, unsigned int from, unsigned int to,
	     uint32_t now)
{
	struct pkt k;

	put_start(&k, PACKET_UDP, host(version, from), host(version, to));
	put_udp(&k, 1024, 53);
	sent_on(t, &k, path, now);
}

void is_answered(struct flow_table *t, const struct flow_path *path,
		 unsigned int version, unsigned int from, unsigned int to,
		 uint32_t now)
{
	struct pkt k;

	put_start(&k, PACKET_UDP, host(version, to), host(version, from));
	put_udp(&k, 53, 1024);
	goes_on(t, &k, path, now);
}
