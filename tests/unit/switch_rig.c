/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/switch_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

void sw_mac(uint8_t *frame, uint64_t dst, uint64_t src)
{
	for (unsigned int i = 0; i < 6; i++) {
		frame[i] = (uint8_t)(dst >> (40 - 8 * i));
		frame[6 + i] = (uint8_t)(src >> (40 - 8 * i));
	}
}

struct rig *sw_new(const struct policy_image *image)
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
static struct vswitch_verdict sw_trace(struct rig *r, unsigned int src,
				       const uint8_t *frame, uint16_t len)
{
	struct vswitch_verdict v;

	assert_int_equal(vswitch_trace(r->sw, src, frame, len,
				       (struct offload){ 0 }, r->now, &v),
			 0);
	return v;
}

uint64_t sw_send_raw(struct rig *r, unsigned int src, const uint8_t *frame,
		     uint16_t len)
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
static uint64_t sw_send(struct rig *r, unsigned int src, unsigned int dst,
			struct pkt *k)
{
	finish(k);
	while (k->n < 60)
		k->b[k->n++] = 0;
	sw_mac(k->b, RIG_MAC(dst + 1), RIG_MAC(src + 1));
	return sw_send_raw(r, src, k->b, (uint16_t)k->n);
}

static void sw_ip(struct pkt *k, unsigned int protocol, unsigned int src,
		  unsigned int dst)
{
	memset(k, 0, sizeof(*k));
	put_start(k, protocol, v4(src + 1), v4(dst + 1));
}

uint64_t sw_udp(struct rig *r, unsigned int src, unsigned int dst,
		unsigned int sport, unsigned int dport)
{
	struct pkt k;

	sw_ip(&k, PACKET_UDP, src, dst);
	put_udp(&k, sport, dport);
	return sw_send(r, src, dst, &k);
}

uint64_t sw_tcp(struct rig *r, unsigned int src, unsigned int dst,
		unsigned int sport, unsigned int dport, unsigned int flags)
{
	struct pkt k;

	sw_ip(&k, PACKET_TCP, src, dst);
	put_tcp(&k, sport, dport, flags);
	return sw_send(r, src, dst, &k);
}
