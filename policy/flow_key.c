/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a packet to the key of its flow.
 *
 * A packet is read from its sender's side, in either direction: flow_read()
 * does not know whether the sender is the initiator.  The caller then makes the
 * key for one case or the other, so that a flow and its answers are read by the
 * same rules.
 *
 * In neighbour discovery the address asked for is in the target; the
 * destination is a group made from it:
 *
 *			own		other
 *	solicitation	source		target
 *	advertisement	target		destination: the sender of the question
 *
 * An advertisement's source may be any address of its sender and is ignored.  A
 * probe (duplicate address detection) is sent from :: and answered at a group.
 *
 * With ARP and neighbour discovery the initiator's address is not part of the
 * key and reads FLOW_ANYBODY: a host has several addresses, and a neighbour it
 * has asked for must be able to ask for all of them.  The sender stays in the
 * key only for probes (no address).  An announcement asks for its sender's own
 * address and begins no flow.
 */
#include "policy/flow_impl.h"

#define ARP_REQUEST 1u
#define ARP_REPLY 2u

bool flow_is_group(const struct ip_addr *a)
{
	uint32_t v4 = (uint32_t)a->lo;

	if (ip_is_v4(a))
		return v4 >> 28 == 0xe || v4 == UINT32_MAX;
	return a->hi >> 56 == 0xff;
}

/* --- reading ----------------------------------------------------------- */

/* A request may answer, too: the host that was asked asks back. */
static bool read_arp(const struct packet *p, struct flow_talk *talk)
{
	talk->asks = p->arp_op == ARP_REQUEST;
	talk->begins = talk->asks;
	talk->answers = true;
	talk->resolves = true;
	return p->arp_op == ARP_REQUEST || p->arp_op == ARP_REPLY;
}

static void read_nd(const struct packet *p, struct flow_talk *talk)
{
	talk->request = FLOW_ASK;
	talk->answers = true;
	talk->resolves = true;
	if (p->icmp_type == FLOW_ASK) {
		talk->asks = true;
		talk->begins = true;
		talk->other = p->target;
		return;
	}
	talk->own = p->target;
	if (flow_is_group(&p->dst))
		talk->other = (struct ip_addr){ 0 };
}

static bool read_request(const struct packet *p, struct flow_talk *talk)
{
	talk->request = p->icmp_type;
	talk->own_port = p->icmp_ident;
	talk->begins = true;
	return true;
}

static bool read_reply(const struct packet *p, struct flow_talk *talk,
		       unsigned int request)
{
	talk->request = (uint8_t)request;
	talk->other_port = p->icmp_ident;
	talk->answers = true;
	return true;
}

static bool read_icmp(const struct packet *p, struct flow_talk *talk)
{
	switch (p->icmp_type) {
	case 8:
	case 13:
	case 15:
	case 17:
		return read_request(p, talk);
	case 0:
		return read_reply(p, talk, 8);
	case 14:
	case 16:
	case 18:
		return read_reply(p, talk, p->icmp_type - 1u);
	default:
		return false;
	}
}

static bool read_icmpv6(const struct packet *p, struct flow_talk *talk)
{
	if (p->icmp_type == 128)
		return read_request(p, talk);
	if (p->icmp_type == 129)
		return read_reply(p, talk, 128);
	if (p->nd)
		read_nd(p, talk);
	return p->nd;
}

/*
 * A segment in the middle of a connection begins a flow as well, so that
 * connections survive a restart of the switch.  But a SYN with ACK is an
 * answer, and a RST is the end.
 */
static bool read_tcp(const struct packet *p, struct flow_talk *talk)
{
	bool syn = p->tcp_flags & PACKET_SYN;
	bool ack = p->tcp_flags & PACKET_ACK;

	talk->own_port = p->sport;
	talk->other_port = p->dport;
	talk->begins = !(p->tcp_flags & PACKET_RST) && !(syn && ack);
	talk->answers = !syn || ack;
	return p->ported;
}

static bool read_carried(const struct packet *p, struct flow_talk *talk)
{
	talk->protocol = p->protocol;
	if (p->protocol == PACKET_TCP)
		return read_tcp(p, talk);
	if (p->icmp)
		return p->kind == PACKET_IPV4 ? read_icmp(p, talk)
					      : read_icmpv6(p, talk);
	talk->own_port = p->sport;
	talk->other_port = p->dport;
	talk->begins = true;
	talk->answers = true;
	return true;
}

bool flow_read(const struct packet *p, struct flow_talk *talk)
{
	*talk = (struct flow_talk){
		.own = p->src,
		.other = p->dst,
		.kind = p->kind,
	};
	if (!p->addressed || p->later)
		return false;
	if (p->kind == PACKET_ARP) {
		if (!read_arp(p, talk))
			return false;
	} else if (!p->carried || !read_carried(p, talk)) {
		return false;
	}
	/* Groups do not answer; an announcement asks for nothing. */
	talk->begins = talk->begins && !flow_is_group(&talk->other) &&
		       !(talk->resolves && ip_same(&talk->own, &talk->other));
	return true;
}

/* --- keys -------------------------------------------------------------- */

static uint64_t key_path(unsigned int from_port, unsigned int to_port,
			 unsigned int vlan, unsigned int src, unsigned int dst)
{
	return (uint64_t)from_port << 48 | (uint64_t)to_port << 32 |
	       (uint64_t)vlan << 16 | src << 8 | dst;
}

/* An initiator's address, or a wildcard. */
static struct ip_addr key_initiator(const struct flow_talk *talk,
				    const struct ip_addr *initiator)
{
	return talk->resolves && !flow_is_nobody(initiator) ? FLOW_ANYBODY
							    : *initiator;
}

static uint64_t key_kind(const struct flow_talk *talk)
{
	return (uint64_t)talk->request << 24 | FLOW_USE_TALK << 16 |
	       (uint64_t)talk->kind << 8 | talk->protocol;
}

struct flow_key flow_key_sent(const struct flow_talk *talk,
			      const struct flow_path *path)
{
	struct ip_addr initiator = key_initiator(talk, &talk->own);

	return (struct flow_key){ {
		initiator.hi,
		initiator.lo,
		talk->other.hi,
		talk->other.lo,
		key_path(talk->own_port, talk->other_port, path->vlan,
			 path->src, path->dst),
		key_kind(talk),
	} };
}

struct flow_key flow_key_answer(const struct flow_talk *talk,
				const struct flow_path *path)
{
	struct ip_addr initiator = key_initiator(talk, &talk->other);

	return (struct flow_key){ {
		initiator.hi,
		initiator.lo,
		talk->own.hi,
		talk->own.lo,
		key_path(talk->other_port, talk->own_port, path->vlan,
			 path->dst, path->src),
		key_kind(talk),
	} };
}

/* IPv4 identifies fragments by protocol, too (RFC 791); IPv6 does not. */
struct flow_key flow_key_part(const struct packet *p,
			      const struct flow_path *path)
{
	uint64_t protocol = p->kind == PACKET_IPV4 ? p->protocol : 0;

	return (struct flow_key){ {
		p->dst.hi,
		p->dst.lo,
		p->src.hi,
		p->src.lo,
		key_path(0, 0, path->vlan, path->dst, path->src),
		(uint64_t)p->ip_id << 32 | FLOW_USE_PART << 16 |
			(uint64_t)p->kind << 8 | protocol,
	} };
}

struct flow_key flow_key_own(const struct ip_addr *own,
			     const struct flow_path *path)
{
	return (struct flow_key){ {
		own->hi,
		own->lo,
		0,
		0,
		key_path(0, 0, path->vlan, path->src, path->dst),
		FLOW_USE_OWN << 16,
	} };
}

struct flow_key flow_key_near(const struct ip_addr *other, unsigned int vlan,
			      unsigned int initiator)
{
	return (struct flow_key){ {
		0,
		0,
		other->hi,
		other->lo,
		key_path(0, 0, vlan, initiator, 0),
		FLOW_USE_NEAR << 16,
	} };
}
