/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets through a switch in plain memory: what tests of policy on the whole
 * switch share.  Ports 0 to 3 are clients; the station at port p has the MAC
 * address RIG_MAC(p + 1), 10.0.0.(p + 1) and 2001:db8::(p + 1).
 */
#ifndef WEIR_TESTS_SWITCH_RIG_H
#define WEIR_TESTS_SWITCH_RIG_H

#include <string.h>

#include "tests/unit/image_rig.h"
#include "tests/unit/packet_rig.h"
#include "tests/unit/rig.h"

#define SW_PORTS 4u
#define SW_S 1000000000ull

/* Write an Ethernet header's addresses. */
static inline void sw_mac(uint8_t *frame, uint64_t dst, uint64_t src)
{
	for (unsigned int i = 0; i < 6; i++) {
		frame[i] = (uint8_t)(dst >> (40 - 8 * i));
		frame[6 + i] = (uint8_t)(src >> (40 - 8 * i));
	}
}

/* A switch with its stations known and a policy that is taken. */
static inline struct rig *sw_new(const struct policy_image *image)
{
	struct rig *r = rig_clients(SW_PORTS);

	for (unsigned int p = 0; p < SW_PORTS; p++)
		rig_teach(r, p, RIG_MAC(p + 1));
	image_set(r->sw, image);
	return r;
}

/**
 * sw_trace - what the switch says it will do, which changes nothing
 */
static inline struct vswitch_verdict
sw_trace(struct rig *r, unsigned int src, const uint8_t *frame, uint16_t len)
{
	struct vswitch_verdict v;

	assert_int_equal(vswitch_trace(r->sw, src, frame, len, r->now, &v), 0);
	return v;
}

/**
 * sw_send_raw - a frame into a port, and to where it gets
 *
 * What the switch foretold must come true, but for receivers without buffer.
 *
 * Return: the ports that got it.
 */
static inline uint64_t sw_send_raw(struct rig *r, unsigned int src,
				   const uint8_t *frame, uint16_t len)
{
	struct vswitch_verdict v = sw_trace(r, src, frame, len);
	uint64_t got = 0;

	assert_true(rig_send(r, src, frame, len));
	rig_run(r, RIG_BIT(src));
	rig_reap(r, src);
	for (unsigned int p = 0; p < MAX_PORTS; p++)
		if (r->port[p].exists && rig_drain(r, p) > 0)
			got |= RIG_BIT(p);
	assert_true(got == v.deliver);
	return got;
}

/* A packet from the station at one port to that at another. */
static inline uint64_t sw_send(struct rig *r, unsigned int src,
			       unsigned int dst, struct pkt *k)
{
	finish(k);
	while (k->n < 60)
		k->b[k->n++] = 0;
	sw_mac(k->b, RIG_MAC(dst + 1), RIG_MAC(src + 1));
	return sw_send_raw(r, src, k->b, (uint16_t)k->n);
}

/* The same to everybody. */
static inline uint64_t sw_shout(struct rig *r, unsigned int src, struct pkt *k)
{
	finish(k);
	while (k->n < 60)
		k->b[k->n++] = 0;
	sw_mac(k->b, MAC_BROADCAST, RIG_MAC(src + 1));
	return sw_send_raw(r, src, k->b, (uint16_t)k->n);
}

static inline void sw_ip(struct pkt *k, unsigned int protocol, unsigned int src,
			 unsigned int dst)
{
	memset(k, 0, sizeof(*k));
	put_start(k, protocol, v4(src + 1), v4(dst + 1));
}

static inline uint64_t sw_udp(struct rig *r, unsigned int src, unsigned int dst,
			      unsigned int sport, unsigned int dport)
{
	struct pkt k;

	sw_ip(&k, PACKET_UDP, src, dst);
	put_udp(&k, sport, dport);
	return sw_send(r, src, dst, &k);
}

static inline uint64_t sw_tcp(struct rig *r, unsigned int src, unsigned int dst,
			      unsigned int sport, unsigned int dport,
			      unsigned int flags)
{
	struct pkt k;

	sw_ip(&k, PACKET_TCP, src, dst);
	put_tcp(&k, sport, dport, flags);
	return sw_send(r, src, dst, &k);
}

static inline uint64_t sw_arp(struct rig *r, unsigned int src, unsigned int dst,
			      unsigned int op)
{
	struct pkt k;

	memset(&k, 0, sizeof(k));
	put_eth(&k, 0x0806);
	put_arp(&k, op, v4(src + 1), v4(dst + 1));
	return op == 1 ? sw_shout(r, src, &k) : sw_send(r, src, dst, &k);
}

#endif
