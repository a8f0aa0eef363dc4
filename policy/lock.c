/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address locks: for each kind of packet, what it claims about its sender.
 *
 * Only well-formed packets are checked, so a missing field follows from the
 * packet's kind, never from a failure to read it.
 */
#include "policy/lock.h"

#include "base/packet.h"

#define ARP_REQUEST 1u

#define DHCP_CLIENT 68u
#define DHCP_SERVER 67u

#define ICMP_REDIRECT 5u
#define ICMP_ROUTER_ADVERTISEMENT 9u

/* Of IGMP: types, and the length of all messages but version 3's. */
#define IGMP_V1_REPORT 0x12u
#define IGMP_V2_REPORT 0x16u
#define IGMP_LEAVE 0x17u
#define IGMP_V3_REPORT 0x22u
#define IGMP_LEN 8u

#define MLD_LEN 24u
#define MLD_REPORT 131u
#define MLD_DONE 132u
#define ND_ROUTER_SOLICITATION 133u
#define ND_ROUTER_ADVERTISEMENT 134u
#define ND_SOLICITATION 135u
#define ND_ADVERTISEMENT 136u
#define ND_REDIRECT 137u
#define ND_INVERSE_SOLICITATION 141u
#define ND_INVERSE_ADVERTISEMENT 142u
#define MLD2_REPORT 143u

/* Of a mapped prefix. */
#define IPV4_BITS 96u

/**
 * struct claim - what a frame claims about its sender, and what the port may
 * @prefix: the port's addresses
 * @n:      how many
 * @frame:  the frame
 * @p:      the same, read
 */
struct claim {
	const struct policy_prefix *prefix;
	unsigned int n;
	const struct frame *frame;
	struct packet p;
};

/* --- addresses --------------------------------------------------------- */

static uint64_t load64(const uint8_t *b)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 8; i++)
		value = value << 8 | b[i];
	return value;
}

/* A mask of the leading @bits, at most 64. */
static uint64_t mask(unsigned int bits)
{
	if (bits == 0)
		return 0;
	return bits < 64 ? ~0ull << (64 - bits) : ~0ull;
}

/* A prefix of IPv6 such as ::/0 does not hold mapped IPv4 addresses. */
static bool holds(const struct policy_prefix *prefix, const struct ip_addr *a)
{
	unsigned int low = prefix->bits > 64 ? prefix->bits - 64u : 0;

	if (ip_is_v4(a) && prefix->bits < IPV4_BITS)
		return false;
	return !((load64(prefix->addr) ^ a->hi) & mask(prefix->bits)) &&
	       !((load64(prefix->addr + 8) ^ a->lo) & mask(low));
}

static bool is_own(const struct claim *c, const struct ip_addr *a)
{
	for (unsigned int i = 0; i < c->n; i++)
		if (holds(&c->prefix[i], a))
			return true;
	return false;
}

/* 0.0.0.0 and :: belong to nobody, whatever prefix holds them. */
static bool is_unspecified(const struct ip_addr *a)
{
	const struct ip_addr v4 = ip_from_v4(0);

	return ip_same(a, &v4) || (a->hi | a->lo) == 0;
}

static bool is_group_v4(const struct ip_addr *a)
{
	return ip_is_v4(a) && (uint32_t)a->lo >> 28 == 0xe;
}

static bool is_group_v6(const struct ip_addr *a)
{
	return a->hi >> 56 == 0xff;
}

/* --- ARP --------------------------------------------------------------- */

/*
 * Requests are checked like replies: most hosts put a request's sender into
 * their caches.
 */
static bool arp_is_true(const struct claim *c)
{
	const struct packet *p = &c->p;

	if (p->arp_sha != c->frame->src || !packet_resolves(c->frame, p))
		return false;
	if (is_unspecified(&p->src))
		return p->arp_op == ARP_REQUEST && is_own(c, &p->dst);
	return is_own(c, &p->src);
}

/* --- IPv4 -------------------------------------------------------------- */

/* Not a fragment, which could be anything once reassembled. */
static bool is_dhcp(const struct claim *c)
{
	const struct ip_addr all = ip_from_v4(0xffffffff);
	const struct packet *p = &c->p;

	return p->ported && !p->fragment && p->protocol == PACKET_UDP &&
	       p->sport == DHCP_CLIENT && p->dport == DHCP_SERVER &&
	       ip_same(&p->dst, &all) && packet_is_tight(c->frame, p);
}

/* Length of IP's payload, and a byte of it if it is in the snapshot. */
static unsigned int carried(const struct packet *p)
{
	return (unsigned int)(p->end - p->l4);
}

static bool is_at(const struct claim *c, unsigned int at, unsigned int value)
{
	unsigned int byte = c->p.l4 + at;

	return byte < c->frame->snap && c->frame->bytes[byte] == value;
}

/*
 * RFC 3376 section 4.2.13: a host without an address reports from 0.0.0.0.
 * Reports and leaves are allowed; a query names its sender as the querier, and
 * needs an address.
 */
static bool is_igmp_start(const struct claim *c)
{
	const struct packet *p = &c->p;

	if (p->protocol != PACKET_IGMP || p->fragment || p->hop_limit != 1 ||
	    !is_group_v4(&p->dst) || !packet_is_tight(c->frame, p) ||
	    !packet_is_intact(c->frame, p))
		return false;
	if (is_at(c, 0, IGMP_V3_REPORT))
		return carried(p) >= IGMP_LEN;
	return carried(p) == IGMP_LEN &&
	       (is_at(c, 0, IGMP_V1_REPORT) || is_at(c, 0, IGMP_V2_REPORT) ||
		is_at(c, 0, IGMP_LEAVE));
}

static bool ipv4_is_true(const struct claim *c)
{
	const struct packet *p = &c->p;

	if (is_unspecified(&p->src))
		return is_dhcp(c) || is_igmp_start(c);
	if (p->icmp && (p->icmp_type == ICMP_REDIRECT ||
			p->icmp_type == ICMP_ROUTER_ADVERTISEMENT))
		return false;
	return is_own(c, &p->src);
}

/* --- IPv6 -------------------------------------------------------------- */

/*
 * An MLD report of a host without an address (RFC 3590).  One for many groups
 * can be longer than the snapshot, and its checksum then unknown.
 */
static bool is_mld_start(const struct claim *c)
{
	const struct packet *p = &c->p;

	if (p->icmp_code != 0 || p->hop_limit != 1 || !is_group_v6(&p->dst) ||
	    !packet_is_tight(c->frame, p))
		return false;
	if (p->icmp_type != MLD2_REPORT)
		return carried(p) == MLD_LEN && packet_is_intact(c->frame, p);
	return p->end > c->frame->snap || packet_is_intact(c->frame, p);
}

/*
 * From the unspecified address: a host that is about to configure one.  It must
 * not give its link-layer address (RFC 4861 sections 4.1 and 4.3).
 */
static bool is_start(const struct claim *c)
{
	const struct packet *p = &c->p;

	if (!p->icmp || p->fragment || p->linked)
		return false;
	switch (p->icmp_type) {
	case ND_SOLICITATION:
		return p->nd && is_own(c, &p->target) && is_group_v6(&p->dst) &&
		       packet_is_discovery(c->frame, p);
	case ND_ROUTER_SOLICITATION:
		return packet_is_discovery(c->frame, p);
	case MLD_REPORT:
	case MLD_DONE:
	case MLD2_REPORT:
		return is_mld_start(c);
	default:
		return false;
	}
}

/*
 * ICMPv6, from an address of the port's own.  A solicitation may ask for any
 * target.  An advertisement's target is always checked, with and without the
 * override flag, solicited or not.
 */
static bool icmpv6_is_true(const struct claim *c)
{
	const struct packet *p = &c->p;

	switch (p->icmp_type) {
	case ND_ROUTER_ADVERTISEMENT:
	case ND_REDIRECT:
	case ND_INVERSE_SOLICITATION:
	case ND_INVERSE_ADVERTISEMENT:
		return false;
	case ND_ADVERTISEMENT:
		if (!p->nd || !is_own(c, &p->target))
			return false;
		break;
	case ND_ROUTER_SOLICITATION:
	case ND_SOLICITATION:
		break;
	default:
		return true;
	}
	return packet_is_discovery(c->frame, p) &&
	       (!p->linked || p->link == c->frame->src);
}

static bool ipv6_is_true(const struct claim *c)
{
	const struct packet *p = &c->p;

	if (is_unspecified(&p->src))
		return is_start(c);
	return is_own(c, &p->src) && (!p->icmp || icmpv6_is_true(c));
}

/* --- verbs ------------------------------------------------------------- */

bool lock_allows(const struct policy_prefix *prefix, unsigned int n,
		 const struct frame *frame)
{
	struct claim c = { .prefix = prefix, .n = n, .frame = frame };

	packet_parse(frame, &c.p);
	if (c.p.flaw != PACKET_SOUND || !c.p.addressed)
		return false;
	switch (c.p.kind) {
	case PACKET_ARP:
		return arp_is_true(&c);
	case PACKET_IPV4:
		return ipv4_is_true(&c);
	case PACKET_IPV6:
		return ipv6_is_true(&c);
	default:
		return false;
	}
}
