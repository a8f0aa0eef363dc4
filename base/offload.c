/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload data held against the frame it came with.
 *
 * Both come from a sender that may lie.  The parser (packet.c) has shown by
 * then what the packet is; what is added here is that the data fits it, and
 * that nothing is left over which a receiver could read in another way.
 */
#include "base/offload.h"

#include "base/mem.h"
#include "base/packet.h"

#define IPV6_LEN 40u
#define IPV6_NEXT 6u
#define EXT_HOP_BY_HOP 0u
#define EXT_ROUTING 43u
#define EXT_DESTINATION 60u

#define UDP_LEN 8u
#define UDP_LENGTH_AT 4u
#define UDP_FIELD_AT 6u
#define TCP_OFFSET_AT 12u
#define TCP_FIELD_AT 16u
#define TCP_CWR 0x80u

/*
 * Between IPv6 and what it carries, only headers that can be repeated in each
 * frame: an authentication header holds for the packet it came in, and a
 * fragment header has no place.  The parser has walked the same way.
 */
static bool chain_ok(const struct frame *f, const struct packet *p)
{
	unsigned int at = p->l3 + IPV6_LEN;
	unsigned int next = f->bytes[p->l3 + IPV6_NEXT];

	while (at < p->l4) {
		const uint8_t *b = f->bytes + at;

		if (next != EXT_HOP_BY_HOP && next != EXT_ROUTING &&
		    next != EXT_DESTINATION)
			return false;
		next = b[0];
		at += (b[1] + 1u) * 8;
	}
	return true;
}

/* Is it a packet with a checksum to be left to others? */
static bool packet_ok(const struct frame *f, const struct packet *p)
{
	if (p->flaw != PACKET_SOUND || p->end != f->len || !p->carried ||
	    p->fragment)
		return false;
	if (p->kind == PACKET_IPV6 && !chain_ok(f, p))
		return false;
	if (p->protocol == PACKET_TCP)
		return true;
	return p->protocol == PACKET_UDP &&
	       frame_be16(f->bytes + p->l4 + UDP_LENGTH_AT) == p->end - p->l4;
}

static void locate(const struct frame *f, const struct packet *p,
		   struct offload_place *at)
{
	const uint8_t *l4 = f->bytes + p->l4;
	unsigned int header = UDP_LEN, field = UDP_FIELD_AT;

	at->tcp = p->protocol == PACKET_TCP;
	at->ipv6 = p->kind == PACKET_IPV6;
	if (at->tcp) {
		header = (l4[TCP_OFFSET_AT] >> 4) * 4u;
		field = TCP_FIELD_AT;
	}
	at->l3 = p->l3;
	at->l4 = p->l4;
	at->field = (uint16_t)(p->l4 + field);
	at->payload = (uint16_t)(p->l4 + header);
	at->frames = 1;
}

static unsigned int type_of(const struct offload_place *at)
{
	if (!at->tcp)
		return OFFLOAD_UDP;
	return at->ipv6 ? OFFLOAD_TCP6 : OFFLOAD_TCP4;
}

static bool segment_ok(const struct frame *f, const struct packet *p,
		       const struct offload *o, struct offload_place *at)
{
	unsigned int size = o->segment, payload, frames;

	if ((o->flags & OFFLOAD_TYPE) != type_of(at) ||
	    !(o->flags & OFFLOAD_CHECKSUM) || size == 0)
		return false;
	if (at->payload > f->snap || at->payload + size >= f->len)
		return false;
	if (at->tcp && (p->tcp_flags & (PACKET_SYN | PACKET_RST)))
		return false;
	payload = (unsigned int)f->len - at->payload;
	frames = (payload + size - 1) / size;
	at->frames = (uint16_t)frames;
	return frames <= OFFLOAD_MAX_FRAMES;
}

bool offload_check(const struct frame *f, const struct packet *p,
		   struct offload *o, struct offload_place *at)
{
	if (o->flags & ~OFFLOAD_ALL || !packet_ok(f, p))
		return false;
	locate(f, p, at);
	if (!(o->flags & OFFLOAD_TYPE))
		return o->segment == 0 && !(o->flags & OFFLOAD_ECN);
	if (!segment_ok(f, p, o, at))
		return false;
	if (!at->tcp)
		return !(o->flags & OFFLOAD_ECN);
	o->flags &= (uint8_t)~OFFLOAD_ECN;
	if (p->tcp_flags & TCP_CWR)
		o->flags |= OFFLOAD_ECN;
	return true;
}

bool offload_snap(const uint8_t *data, uint32_t len, struct offload *o,
		  struct offload_place *at, struct frame *f)
{
	struct packet p;

	if (len < FRAME_MIN || len > UINT16_MAX)
		return false;
	f->len = (uint16_t)len;
	f->snap = (uint16_t)(len < FRAME_SNAP_MAX ? len : FRAME_SNAP_MAX);
	memset(f->bytes, 0, FRAME_SNAP);
	memcpy(f->bytes, data, f->snap);
	if (!frame_parse(f))
		return false;
	packet_parse(f, &p);
	return offload_check(f, &p, o, at);
}

bool offload_locate(const uint8_t *data, uint32_t len, struct offload *o,
		    struct offload_place *at)
{
	struct frame f;

	return offload_snap(data, len, o, at, &f);
}
