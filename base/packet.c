/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading frames as packets, from the outside in.
 *
 * Every function either advances or sets the flaw and gives up; nothing is ever
 * read again once a flaw is found.  Work is bounded by the tags (two),
 * extension headers (PACKET_MAX_EXTENSIONS) and options of eight bytes (32 to a
 * snapshot) that are walked.
 */
#include "base/packet_impl.h"

#define TYPE_IPV4 0x0800u
#define TYPE_ARP 0x0806u
#define TYPE_IPV6 0x86ddu

#define MAX_TAGS 2u

/* Bytes of the headers. */
#define ARP_LEN 28u
#define IPV4_LEN 20u
#define IPV6_LEN 40u

#define EXT_HOP_BY_HOP 0u
#define EXT_ROUTING 43u
#define EXT_FRAGMENT 44u
#define EXT_AH 51u
#define EXT_DESTINATION 60u

/* --- IP ------------------------------------------------------------------- */

static void parse_carried(const struct view *v, struct packet *p,
			  unsigned int at, unsigned int protocol)
{
	p->protocol = (uint8_t)protocol;
	p->l4 = (uint16_t)at;
	p->carried = true;
	if (!p->later)
		packet_parse_carried(v, p);
}

/* A fragment, unless it is the whole packet. @at: where its data begins. */
static void parse_fragment(struct packet *p, unsigned int at,
			   unsigned int offset, bool more, uint32_t id)
{
	if (offset == 0 && !more)
		return;
	p->fragment = true;
	p->later = offset != 0;
	p->frag_at = (uint16_t)offset;
	p->frag_len = (uint16_t)(p->end - at);
	p->ip_id = id;
}

/* Hold the packet's own length against what there is. */
static bool parse_length(const struct view *v, struct packet *p,
			 unsigned int header, unsigned int len)
{
	unsigned int room = p->end - p->l3;

	if (len < header || (len > room && !v->quoted))
		return fail(p, PACKET_MALFORMED);
	if (len < room)
		p->end = (uint16_t)(p->l3 + len);
	return true;
}

static void parse_ipv4(const struct view *v, struct packet *p)
{
	const uint8_t *b = v->bytes + p->l3;
	unsigned int header, offset;

	if (!there(v, p, p->l3, IPV4_LEN))
		return;
	header = (b[0] & 0xfu) * 4;
	if (b[0] >> 4 != 4 || header < IPV4_LEN) {
		fail(p, PACKET_MALFORMED);
		return;
	}
	p->src = ip_from_v4(be32(b + 12));
	p->dst = ip_from_v4(be32(b + 16));
	p->hop_limit = b[8];
	p->addressed = true;
	if (!parse_length(v, p, header, frame_be16(b + 2)) ||
	    !have(v, p, p->l3, header))
		return;
	offset = frame_be16(b + 6);
	parse_fragment(p, p->l3 + header, (offset & 0x1fff) * 8,
		       offset & 0x2000, frame_be16(b + 4));
	parse_carried(v, p, p->l3 + header, b[9]);
}

/**
 * struct chain - where a walk along extension headers is
 * @at:         offset of the next header
 * @next:       what it is
 * @walked:     extension headers behind us
 * @fragmented: a fragment header was among them
 */
struct chain {
	unsigned int at;
	unsigned int next;
	unsigned int walked;
	bool fragmented;
};

static bool is_extension(unsigned int protocol)
{
	return protocol == EXT_HOP_BY_HOP || protocol == EXT_ROUTING ||
	       protocol == EXT_FRAGMENT || protocol == EXT_AH ||
	       protocol == EXT_DESTINATION;
}

static unsigned int extension_length(unsigned int protocol, const uint8_t *b)
{
	if (protocol == EXT_FRAGMENT)
		return 8;
	if (protocol == EXT_AH)
		return (b[1] + 2u) * 4;
	return (b[1] + 1u) * 8;
}

/* May this extension header stand here? */
static bool in_place(const struct chain *c)
{
	if (c->walked == PACKET_MAX_EXTENSIONS)
		return false;
	if (c->next == EXT_HOP_BY_HOP)
		return c->walked == 0;
	return c->next != EXT_FRAGMENT || !c->fragmented;
}

static bool parse_extension(const struct view *v, struct packet *p,
			    struct chain *c)
{
	const uint8_t *b = v->bytes + c->at;
	unsigned int len;

	if (!in_place(c))
		return fail(p, PACKET_MALFORMED);
	if (!have(v, p, c->at, 8))
		return false;
	len = extension_length(c->next, b);
	if (!have(v, p, c->at, len))
		return false;
	if (c->next == EXT_FRAGMENT) {
		c->fragmented = true;
		parse_fragment(p, c->at + len, frame_be16(b + 2) & 0xfff8u,
			       b[3] & 1, be32(b + 4));
	}
	c->next = b[0];
	c->at += len;
	c->walked++;
	return true;
}

/* The headers behind a later fragment's are in the first one, not here. */
static void parse_extensions(const struct view *v, struct packet *p,
			     struct chain *c)
{
	while (is_extension(c->next))
		if (p->later || !parse_extension(v, p, c))
			return;
	parse_carried(v, p, c->at, c->next);
}

static void parse_ipv6(const struct view *v, struct packet *p)
{
	const uint8_t *b = v->bytes + p->l3;
	struct chain chain = { .at = p->l3 + IPV6_LEN };
	struct ip_addr src, dst;
	unsigned int payload;

	if (!there(v, p, p->l3, IPV6_LEN))
		return;
	src = load_v6(b + 8);
	dst = load_v6(b + 24);
	if (b[0] >> 4 != 6 || ip_is_v4(&src) || ip_is_v4(&dst)) {
		fail(p, PACKET_MALFORMED);
		return;
	}
	p->src = src;
	p->dst = dst;
	p->hop_limit = b[7];
	p->addressed = true;
	payload = frame_be16(b + 4);
	chain.next = b[6];
	if (payload == 0 && chain.next == EXT_HOP_BY_HOP)
		fail(p, PACKET_MALFORMED);
	else if (parse_length(v, p, IPV6_LEN, IPV6_LEN + payload))
		parse_extensions(v, p, &chain);
}

/* --- Ethernet ------------------------------------------------------------- */

static void parse_arp(const struct view *v, struct packet *p)
{
	const uint8_t *b = v->bytes + p->l3;

	if (!there(v, p, p->l3, ARP_LEN))
		return;
	p->end = (uint16_t)(p->l3 + ARP_LEN);
	if (frame_be16(b) != 1 || frame_be16(b + 2) != TYPE_IPV4 || b[4] != 6 ||
	    b[5] != 4) {
		fail(p, PACKET_MALFORMED);
		return;
	}
	p->arp_op = frame_be16(b + 6);
	p->arp_sha = mac_load(b + 8);
	p->src = ip_from_v4(be32(b + 14));
	p->dst = ip_from_v4(be32(b + 24));
	p->addressed = true;
}

static bool is_tag(unsigned int type)
{
	return type == FRAME_TPID_C || type == FRAME_TPID_S;
}

/* Go on behind the tags; struct frame is behind the first already. */
static bool parse_tags(const struct view *v, struct packet *p)
{
	unsigned int tags = p->l3 > FRAME_MIN;

	for (; is_tag(p->ethertype); tags++) {
		const uint8_t *b = v->bytes + p->l3;

		if (tags == MAX_TAGS)
			return fail(p, PACKET_TAGS);
		if (!there(v, p, p->l3, 4))
			return false;
		if ((frame_be16(b) & 0xfffu) == FRAME_VID_RESERVED)
			return fail(p, PACKET_MALFORMED);
		p->ethertype = frame_be16(b + 2);
		p->l3 += 4;
	}
	return true;
}

void packet_parse(const struct frame *frame, struct packet *p)
{
	struct view v = { .bytes = frame->bytes, .limit = frame->snap };

	*p = (struct packet){
		.ethertype = frame->ethertype,
		.l3 = frame->l3,
		.end = frame->len,
	};
	if (!parse_tags(&v, p))
		return;
	if (p->ethertype == TYPE_ARP) {
		p->kind = PACKET_ARP;
		parse_arp(&v, p);
	} else if (p->ethertype == TYPE_IPV4) {
		p->kind = PACKET_IPV4;
		parse_ipv4(&v, p);
	} else if (p->ethertype == TYPE_IPV6) {
		p->kind = PACKET_IPV6;
		parse_ipv6(&v, p);
	}
}

/* --- the packet inside an error ------------------------------------------- */

static bool is_error(const struct packet *p)
{
	unsigned int type = p->icmp_type;

	if (!p->icmp || p->flaw != PACKET_SOUND)
		return false;
	if (p->kind == PACKET_IPV6)
		return type >= 1 && type <= 4;
	return (type >= 3 && type <= 5) || type == 11 || type == 12;
}

/* Is enough known to say which flow it is of? */
static bool is_identified(const struct packet *p)
{
	if (!p->carried || p->flaw == PACKET_MALFORMED)
		return false;
	if (p->protocol == PACKET_TCP || p->protocol == PACKET_UDP)
		return p->ported;
	return p->icmp || !carries_icmp(p);
}

bool packet_parse_inner(const struct frame *frame, const struct packet *outer,
			struct packet *p)
{
	struct view v = {
		.bytes = frame->bytes,
		.limit = frame->snap,
		.quoted = true,
	};

	*p = (struct packet){
		.kind = outer->kind,
		.ethertype = outer->ethertype,
		.l3 = (uint16_t)(outer->l4 + ICMP_LEN),
		.end = outer->end,
	};
	if (!is_error(outer))
		return fail(p, PACKET_CUT);
	if (p->kind == PACKET_IPV4)
		parse_ipv4(&v, p);
	else
		parse_ipv6(&v, p);
	return is_identified(p);
}
