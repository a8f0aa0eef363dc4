/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that no honest peer sends: noise, spoilt ones of every protocol the
 * program speaks, with checksums made good so that they get far.
 */
#include "tests/echo/story.h"

#include <string.h>

static uint32_t dice(uint32_t sides)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 32) % sides;
}

static void any_tcp(struct peer_packet *f)
{
	*TCP(f) = (struct tcphdr_view){
		.from = htons((uint16_t)(20000 + dice(8))),
		.to = htons(7),
		.seq = dice(UINT32_MAX),
		.ack = dice(UINT32_MAX),
		.offset = (uint8_t)((5 + dice(3)) << 4),
		.flags = (uint8_t)dice(64),
		.window = (uint16_t)dice(UINT16_MAX),
	};
	peer_ip(f, IPPROTO_TCP, PEER_IP, OUR_IP, 20 + dice(100), 0);
	TCP(f)->sum = peer_sum(f);
}

/* A fragment of something that will never be complete, or overlaps. */
static void any_fragment(struct peer_packet *f)
{
	peer_ip(f, IPPROTO_UDP, PEER_IP, OUR_IP, 8 * (1 + dice(100)),
		(uint16_t)(dice(2) << 13 | dice(400)));
	IP(f)->id = (uint16_t)dice(3);
	IP(f)->sum = 0;
	peer_ip(f, IPPROTO_UDP, PEER_IP, OUR_IP, f->len - L4_AT,
		ntohs(IP(f)->off));
}

static void any_frame(struct peer_packet *f)
{
	for (size_t i = 0; i < sizeof(f->data); i++)
		f->data[i] = (uint8_t)dice(256);
	switch (dice(6)) {
	case 0:
		peer_dhcp(f, (uint8_t)dice(9), dice(UINT32_MAX), dice(100));
		break;
	case 1:
		any_tcp(f);
		break;
	case 2:
		any_fragment(f);
		break;
	case 3:
		peer_arp(f, (uint16_t)dice(4), OUR_IP);
		break;
	case 4:
		peer_ip(f, IPPROTO_ICMP, PEER_IP, OUR_IP, 1 + dice(200), 0);
		f->data[L4_AT] = ICMP_ECHO;
		memset(f->data + L4_AT + 2, 0, 2);
		memcpy(f->data + L4_AT + 2, &(uint16_t){ peer_sum(f) }, 2);
		break;
	default:
		f->len = 1 + dice(RIG_MAX_FRAME);
	}
}

/* The checksums made good again, so that what was spoilt gets far. */
static void make_good(struct peer_packet *f)
{
	size_t room = f->len > L4_AT ? f->len - L4_AT : 0;
	uint8_t protocol = IP(f)->protocol;

	if (room < 20 || f->data[12] != 8 || f->data[13] != 0)
		return;
	peer_ip(f, protocol, PEER_IP, OUR_IP, room, 0);
	if (protocol == IPPROTO_TCP) {
		TCP(f)->sum = 0;
		TCP(f)->sum = peer_sum(f);
	} else if (protocol == IPPROTO_UDP) {
		UDP(f)->sum = 0;
	}
}

static void spoil(struct peer_packet *f)
{
	if (dice(4) == 0)
		f->len = 1 + dice((uint32_t)f->len);
	for (uint32_t n = dice(4); n > 0; n--)
		f->data[dice((uint32_t)f->len)] = (uint8_t)dice(256);
	if (dice(2) == 0)
		make_good(f);
}

void bad_frames_do_no_harm(void **state)
{
	struct peer_packet f;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		any_frame(&f);
		spoil(&f);
		assert_true(rig_send(f.data, f.len));
		rig_turn();
		while (rig_take(f.data) > 0)
			;
		if (dice(100) == 0)
			rig_pass(dice(RIG_SECOND));
		while (rig_take(f.data) > 0)
			;
	}
	assert_int_equal(rig_lent(), RIG_CAPACITY);
}

/* Whatever a server says, in the right transaction. */
void bad_dhcp_does_no_harm(void **state)
{
	struct peer_packet f;
	uint32_t xid = 0;

	(void)state;
	for (unsigned int i = 0; i < 50000; i++) {
		while ((f.len = rig_take(f.data)) > 0)
			if (f.data[13] == 0 && ntohs(UDP(&f)->to) == 67)
				memcpy(&xid, UDP(&f)->data + 4, 4);
		peer_dhcp(&f, (uint8_t)(dice(2) == 0 ? OFFER : ACK + dice(2)),
			  xid, dice(100));
		if (dice(3) > 0)
			spoil(&f);
		/* Options are behind all the rest: spoil them more. */
		if (f.len > 300)
			f.data[290 + dice((uint32_t)f.len - 290)] =
				(uint8_t)dice(256);
		make_good(&f);
		assert_true(rig_send(f.data, f.len));
		rig_turn();
		if (dice(4) == 0)
			rig_pass(dice(2 * RIG_SECOND));
	}
	assert_int_equal(rig_lent(), RIG_CAPACITY);
}
