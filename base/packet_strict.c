/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a receiver would believe, rather than what can be read.
 *
 * The parser reads a packet as far as it goes, so that flows and rules can be
 * asked about it.  Some packets pass for what they are and not because a rule
 * names them: address resolution under a rule with `reply`, what a host sends
 * before it has an address.  Whoever may send nothing else must not be able to
 * pass something else off as one of these, so they are held to the letter of
 * their RFCs.
 */
#include "base/packet_impl.h"

#define IPV6_LEN 40u

/* IEEE 802.3: a payload is padded to 46 bytes.  Tags come on top. */
#define PAYLOAD_MIN 46u

#define ARP_REQUEST 1u
#define ARP_REPLY 2u

#define ND_HOPS 255u
#define ND_SOLICITED 0x40u

/* --- checksums ------------------------------------------------------------ */

/* Does a sum of 16-bit words, on top of another one, come out right? */
static bool sums_up(const uint8_t *b, unsigned int n, uint32_t sum)
{
	for (unsigned int i = 0; i + 1 < n; i += 2)
		sum += frame_be16(b + i);
	if (n & 1)
		sum += (uint32_t)b[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* Addresses, length and protocol count as well in IPv6. */
static uint32_t pseudo_header(const struct frame *frame, const struct packet *p)
{
	const uint8_t *addresses = frame->bytes + p->l3 + 8;
	uint32_t sum = p->protocol + (uint32_t)(p->end - p->l4);

	for (unsigned int i = 0; i < 32; i += 2)
		sum += frame_be16(addresses + i);
	return sum;
}

bool packet_is_intact(const struct frame *frame, const struct packet *p)
{
	unsigned int l3 = p->l3, l4 = p->l4;
	uint32_t above = 0;

	if (p->end > frame->snap)
		return false;
	if (p->kind == PACKET_IPV6)
		above = pseudo_header(frame, p);
	else if (!sums_up(frame->bytes + l3, l4 - l3, 0))
		return false;
	return sums_up(frame->bytes + l4, p->end - l4, above);
}

/* --- lengths -------------------------------------------------------------- */

bool packet_is_tight(const struct frame *frame, const struct packet *p)
{
	return frame->len <= p->end || frame->len <= p->l3 + PAYLOAD_MIN;
}

/* --- address resolution --------------------------------------------------- */

/* RFC 4861 sections 7.1.1 and 7.1.2; the parser has looked at the options. */
bool packet_is_discovery(const struct frame *frame, const struct packet *p)
{
	return p->flaw == PACKET_SOUND && p->kind == PACKET_IPV6 && p->icmp &&
	       !p->fragment && p->icmp_code == 0 && p->hop_limit == ND_HOPS &&
	       packet_is_tight(frame, p) && packet_is_intact(frame, p);
}

static bool is_group(const struct ip_addr *a)
{
	return a->hi >> 56 == 0xff;
}

/* Who has no address has none to be remembered, and asks a group. */
static bool is_solicitation(const struct packet *p)
{
	bool nobody = (p->src.hi | p->src.lo) == 0;

	return !nobody || (!p->linked && is_group(&p->dst));
}

/* To all, it answers nobody. */
static bool is_advertisement(const struct frame *frame, const struct packet *p)
{
	return !is_group(&p->dst) || !(frame->bytes[p->l4 + 4] & ND_SOLICITED);
}

static bool is_nd(const struct frame *frame, const struct packet *p)
{
	if (!p->nd || p->l4 != p->l3 + IPV6_LEN || is_group(&p->target) ||
	    !packet_is_discovery(frame, p))
		return false;
	return p->icmp_type == PACKET_ND_SOLICITATION
		       ? is_solicitation(p)
		       : is_advertisement(frame, p);
}

bool packet_resolves(const struct frame *frame, const struct packet *p)
{
	if (p->kind != PACKET_ARP)
		return is_nd(frame, p);
	return p->flaw == PACKET_SOUND &&
	       (p->arp_op == ARP_REQUEST || p->arp_op == ARP_REPLY) &&
	       packet_is_tight(frame, p);
}
