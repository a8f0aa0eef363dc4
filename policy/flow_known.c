/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that change nothing: of a flow that is known, was seen in this second
 * and goes on as it is.  So are nearly all frames of a busy connection.
 *
 * For these the key of the flow is read directly from the headers.  The parser
 * (base/packet.h) would find them sound, and flow_opened() or flow_answered()
 * would look the same flow up and leave it as it is.  This is a short cut, never
 * a second opinion: whatever is not the plainest TCP or UDP is left to them.
 */
#include "policy/flow_impl.h"

#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu

#define IPV4_LEN 20u
#define IPV6_LEN 40u
#define TCP_LEN 20u
#define UDP_LEN 8u

/* Version and header length of IPv4 without options. */
#define IPV4_PLAIN 0x45u
/* What makes a packet a fragment: an offset, or more to come. */
#define IPV4_FRAGMENT 0x3fffu

/**
 * struct ends - a packet of TCP or UDP, as far as its flow needs it
 * @src, @dst: addresses
 * @kind:      enum packet_kind
 * @protocol:  PACKET_TCP or PACKET_UDP
 * @l4:        offset of its header
 * @end:       offset behind the packet
 */
struct ends {
	struct ip_addr src;
	struct ip_addr dst;
	unsigned int kind;
	unsigned int protocol;
	unsigned int l4;
	unsigned int end;
};

static inline uint64_t load64(const uint8_t *b)
{
	uint64_t word;

	__builtin_memcpy(&word, b, sizeof(word));
	return frame_be64(word);
}

static inline bool read_ipv4(const struct frame *f, struct ends *e)
{
	const uint8_t *b = f->bytes + f->l3;
	uint64_t addresses;

	e->l4 = f->l3 + IPV4_LEN;
	if (unlikely(f->snap < e->l4 + UDP_LEN))
		return false;
	addresses = load64(b + 12);
	e->src = ip_from_v4((uint32_t)(addresses >> 32));
	e->dst = ip_from_v4((uint32_t)addresses);
	e->kind = PACKET_IPV4;
	e->protocol = b[9];
	e->end = f->l3 + frame_be16(b + 2);
	return b[0] == IPV4_PLAIN && !(frame_be16(b + 6) & IPV4_FRAGMENT);
}

static inline bool read_ipv6(const struct frame *f, struct ends *e)
{
	const uint8_t *b = f->bytes + f->l3;

	e->l4 = f->l3 + IPV6_LEN;
	if (unlikely(f->snap < e->l4 + UDP_LEN))
		return false;
	e->src = (struct ip_addr){ load64(b + 8), load64(b + 16) };
	e->dst = (struct ip_addr){ load64(b + 24), load64(b + 32) };
	e->kind = PACKET_IPV6;
	e->protocol = b[6];
	e->end = e->l4 + frame_be16(b + 4);
	/* Of mapped addresses no flow of IPv6 can have begun. */
	return b[0] >> 4 == 6;
}

/* A segment in the middle of a connection. */
static inline bool is_middle(const uint8_t *tcp, unsigned int room)
{
	unsigned int header = (tcp[12] >> 4) * 4u;

	return header >= TCP_LEN && header <= room &&
	       !(tcp[13] & (PACKET_SYN | PACKET_FIN | PACKET_RST));
}

static inline bool is_whole(const uint8_t *udp, unsigned int room)
{
	unsigned int len = frame_be16(udp + 4);

	return len >= UDP_LEN && len <= room;
}

/* Is it sound, and nothing that flow.c would have to look at? */
static inline bool read_ends(const struct frame *f, struct ends *e)
{
	const uint8_t *l4;
	unsigned int room;
	bool plain;

	if (f->ethertype == TYPE_IPV4)
		plain = read_ipv4(f, e);
	else if (f->ethertype == TYPE_IPV6)
		plain = read_ipv6(f, e);
	else
		return false;
	if (unlikely(!plain) || unlikely(e->end > f->len) ||
	    unlikely(e->end < e->l4 + UDP_LEN))
		return false;
	l4 = f->bytes + e->l4;
	room = e->end - e->l4;
	if (e->protocol == PACKET_TCP)
		return f->snap >= e->l4 + TCP_LEN && is_middle(l4, room);
	return e->protocol == PACKET_UDP && is_whole(l4, room);
}

/* The flow of a frame, seen in this second, or NULL. */
static inline const struct flow_record *known(const struct flow_table *t,
					      const struct frame *f,
					      const struct flow_path *path,
					      bool answer, uint32_t now)
{
	const struct flow_record *r;
	struct flow_talk talk;
	struct flow_key key;
	struct ends e;
	uint32_t slot;

	if (!read_ends(f, &e))
		return NULL;
	talk = (struct flow_talk){
		.own = e.src,
		.other = e.dst,
		.own_port = frame_be16(f->bytes + e.l4),
		.other_port = frame_be16(f->bytes + e.l4 + 2),
		.kind = (uint8_t)e.kind,
		.protocol = (uint8_t)e.protocol,
	};
	key = answer ? flow_key_answer(&talk, path)
		     : flow_key_sent(&talk, path);
	slot = flow_find(t, &key, now);
	if (slot == FLOW_NO_SLOT)
		return NULL;
	r = &t->record[slot];
	return r->stamp == now ? r : NULL;
}

bool flow_goes_on(const struct flow_table *t, const struct frame *frame,
		  const struct flow_path *path, uint32_t rule,
		  uint32_t generation, uint32_t now)
{
	const struct flow_record *r = known(t, frame, path, false, now);

	return r != NULL && r->rule == rule && r->generation == generation;
}

bool flow_is_answered(const struct flow_table *t, const struct frame *frame,
		      const struct flow_path *path, uint32_t generation,
		      uint32_t now)
{
	const struct flow_record *r = known(t, frame, path, true, now);

	return r != NULL && r->state != FLOW_OPENED &&
	       r->generation == generation;
}
