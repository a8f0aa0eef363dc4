/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet's bytes, and a line of text that describes it.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "cli/packet.h"
#include "cli/text.h"

#define ICMP 1
#define TCP 6
#define UDP 17
#define ICMPV6 58

#define SYN 0x02
#define ACK 0x10

/* Unless given: one that a client would use, and "discard". */
#define SOURCE_PORT 40000
#define DESTINATION_PORT 9

static bool is_icmp(const struct packet *p)
{
	return p->protocol == ICMP || p->protocol == ICMPV6;
}

static bool has_ports(const struct packet *p)
{
	return p->protocol == TCP || p->protocol == UDP;
}

bool packet_is_nd(const struct packet *p)
{
	return p->family == PACKET_IP6 && p->protocol == ICMPV6 &&
	       (p->type == 135 || p->type == 136);
}

/* --- what follows from what was said ------------------------------------ */

static int settle_icmp(struct packet *p)
{
	bool v6 = p->family == PACKET_IP6;

	if (v6 && p->protocol == ICMP) {
		p->protocol = ICMPV6;
		/* "unreachable" and "time-exceeded" have other numbers. */
		p->type = p->type == 3 ? 1 : p->type == 11 ? 3 : p->type;
		p->code = p->type == 1 ? 0 : p->code;
	}
	if (p->type < 0 && v6)
		p->type = p->reply ? 129 : 128;
	else if (p->type < 0)
		p->type = p->reply ? 0 : 8;
	if (p->code < 0)
		p->code = 0;
	return 0;
}

static int settle_ports(struct frame_text *f, struct packet *p)
{
	if (p->reply && p->protocol == UDP)
		return frame_fail(
			f, "\"reply\" is for arp, icmp and tcp; for udp say "
			   "the ports");
	if (p->flags >= 0 && p->protocol == UDP)
		return frame_fail(f, "udp has no flags");
	if (p->flags < 0)
		p->flags = p->w.offload.segment ? ACK
			   : p->reply		? SYN | ACK
						: SYN;
	if (p->port[0] < 0)
		p->port[0] = SOURCE_PORT;
	if (p->port[1] < 0)
		p->port[1] = DESTINATION_PORT;
	return 0;
}

int packet_settle(struct frame_text *f, struct packet *p)
{
	bool ports = p->port[0] >= 0 || p->port[1] >= 0;

	if (p->family == PACKET_NONE && p->protocol < 0 && !ports &&
	    p->type < 0 && p->code < 0 && !p->reply)
		return 0;
	if (p->w.has_type)
		return frame_fail(
			f, "type= is for frames described by their header "
			   "alone; here it follows from the rest");
	if (p->family == PACKET_ARP)
		return p->protocol < 0 && !ports
			       ? 0
			       : frame_fail(
					 f,
					 "ARP has neither protocol nor ports");
	if (p->family == PACKET_NONE)
		p->family = PACKET_IP4;
	if (p->protocol < 0 && ports)
		return frame_fail(f,
				  "which protocol is the port of: tcp or udp?");
	if (p->protocol < 0)
		p->protocol = ICMP;
	if ((p->type >= 0 || p->code >= 0) && !is_icmp(p))
		return frame_fail(f,
				  "only icmp and icmp6 have a type and a code");
	if (ports && !has_ports(p))
		return frame_fail(f, "only tcp and udp have ports");
	return is_icmp(p)     ? settle_icmp(p)
	       : has_ports(p) ? settle_ports(f, p)
			      : 0;
}

/* --- bytes -------------------------------------------------------------- */

static void set16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The sum of the internet checksum, not yet folded. */
static unsigned long sum(const uint8_t *at, size_t n, unsigned long s)
{
	for (size_t i = 0; i < n; i++)
		s += i % 2 ? at[i] : (unsigned long)at[i] << 8;
	return s;
}

static unsigned int folded(unsigned long s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (unsigned int)(~s & 0xffff);
}

static void put_arp(struct frame_text *f, const struct packet *p,
		    const uint8_t dst[6], const uint8_t src[6])
{
	static const uint8_t nobody[6];

	frame_put(f, "\0\1\x08\0\6\4", 6);
	frame_number(f, 2, p->reply ? 2 : 1);
	frame_put(f, src, 6);
	frame_put(f, p->address[0], 4);
	frame_put(f, p->reply ? dst : nobody, 6);
	frame_put(f, p->address[1], 4);
}

/* A neighbour solicitation or advertisement, with the sender's address. */
static void put_nd(struct frame_text *f, const struct packet *p,
		   const uint8_t src[6])
{
	bool solicit = p->type == 135;

	frame_number(f, 4, solicit ? 0 : 0x60000000);
	frame_put(f, p->address[solicit ? 1 : 0], 16);
	frame_number(f, 2, solicit ? 0x0101 : 0x0201);
	frame_put(f, src, 6);
}

static void put_payload(struct frame_text *f, const struct packet *p,
			const uint8_t src[6])
{
	if (has_ports(p)) {
		frame_number(f, 2, (unsigned)p->port[0]);
		frame_number(f, 2, (unsigned)p->port[1]);
	}
	if (p->protocol == TCP) {
		frame_number(f, 4, 1);
		frame_number(f, 4, (unsigned)p->flags & ACK ? 1 : 0);
		frame_number(f, 4,
			     0x50000000ul | (unsigned)p->flags << 16 | 0xffff);
		frame_number(f, 4, 0);
	} else if (p->protocol == UDP) {
		frame_number(f, 4, 8ul << 16);
	} else if (is_icmp(p)) {
		frame_number(f, 4,
			     (unsigned long)p->type << 24 |
				     (unsigned long)p->code << 16);
		if (packet_is_nd(p))
			put_nd(f, p, src);
		else
			frame_number(f, 4, 0x00010001);
	}
}

/* The IP destination; a solicitation goes to its target's group. */
static void destination(const struct packet *p, uint8_t out[16])
{
	memcpy(out, p->address[1], 16);
	if (packet_is_nd(p) && p->type == 135) {
		memset(out, 0, 13);
		out[0] = 0xff;
		out[1] = 2;
		out[11] = 1;
		out[12] = 0xff;
	}
}

/* @at: of the payload; @n: bytes */
static void put_checksum(const struct packet *p, uint8_t *at, size_t n,
			 const uint8_t to[16])
{
	size_t size = p->family == PACKET_IP4 ? 4 : 16;
	unsigned long s = 0;
	uint8_t *where;

	if (p->protocol == TCP)
		where = at + 16;
	else if (p->protocol == UDP)
		where = at + 6;
	else if (is_icmp(p))
		where = at + 2;
	else
		return;
	if (p->protocol != ICMP) {
		s = sum(p->address[0], size, s);
		s = sum(to, size, s);
		s += (unsigned)p->protocol + n;
	}
	if (p->w.offload.some)
		set16(where, ~folded(s));
	else
		set16(where, folded(sum(at, n, s)));
}

/* A frame with offload data ends where its packet ends; others are padded. */
static int put_data(struct frame_text *f, const struct packet *p)
{
	unsigned int len = p->w.len;

	if (!p->w.offload.some)
		return 0;
	if (!len)
		len = (unsigned int)f->len + 2 * p->w.offload.segment;
	if (len > FRAME_MAX)
		return frame_fail(f,
				  "two frames of that size are more than %u "
				  "bytes; give the segment's length with len",
				  FRAME_MAX);
	return frame_pad(f, len);
}

static void put_ip4(struct frame_text *f, const struct packet *p,
		    const uint8_t to[16])
{
	frame_put(f, "\x45\0\0\0\0\1\x40\0\x40", 9);
	frame_number(f, 1, (unsigned)p->protocol);
	frame_number(f, 2, 0);
	frame_put(f, p->address[0], 4);
	frame_put(f, to, 4);
}

static void put_ip6(struct frame_text *f, const struct packet *p,
		    const uint8_t to[16])
{
	frame_put(f, "\x60\0\0\0\0\0", 6);
	frame_number(f, 1, (unsigned)p->protocol);
	frame_number(f, 1, packet_is_nd(p) ? 255 : 64);
	frame_put(f, p->address[0], 16);
	frame_put(f, to, 16);
}

static int put_ip(struct frame_text *f, const struct packet *p,
		  const uint8_t src[6])
{
	uint8_t *ip = f->bytes + f->len, *payload;
	uint8_t to[16];
	size_t n;

	destination(p, to);
	if (p->family == PACKET_IP4)
		put_ip4(f, p, to);
	else
		put_ip6(f, p, to);
	payload = f->bytes + f->len;
	put_payload(f, p, src);
	if (put_data(f, p))
		return -1;
	n = (size_t)(f->bytes + f->len - payload);
	if (p->protocol == UDP)
		set16(payload + 4, (unsigned)n);
	put_checksum(p, payload, n, to);
	if (p->family == PACKET_IP6) {
		set16(ip + 4, (unsigned)n);
		return 0;
	}
	set16(ip + 2, (unsigned)(20 + n));
	set16(ip + 10, folded(sum(ip, 20, 0)));
	return 0;
}

int packet_build(struct frame_text *f, const struct packet *p,
		 const uint8_t dst[6], const uint8_t src[6])
{
	unsigned int type = p->family == PACKET_ARP   ? 0x0806
			    : p->family == PACKET_IP4 ? 0x0800
						      : 0x86dd;

	frame_header(f, &p->w, type, dst, src);
	if (p->family == PACKET_ARP)
		put_arp(f, p, dst, src);
	else if (put_ip(f, p, src))
		return -1;
	return p->w.offload.some && !p->w.len ? 0 : frame_pad(f, p->w.len);
}

bool packet_group(const struct packet *p, uint8_t mac[6])
{
	static const uint8_t all[4] = { 0xff, 0xff, 0xff, 0xff };
	uint8_t to[16];

	destination(p, to);
	memset(mac, 0xff, 6);
	if (p->family == PACKET_ARP)
		return !p->reply;
	if (p->family == PACKET_IP4 && !memcmp(to, all, 4))
		return true;
	if (p->family == PACKET_IP4 && to[0] >> 4 == 0xe) {
		mac[0] = 1;
		mac[1] = 0;
		mac[2] = 0x5e;
		mac[3] = to[1] & 0x7f;
		memcpy(mac + 4, to + 2, 2);
		return true;
	}
	if (p->family != PACKET_IP6 || to[0] != 0xff)
		return false;
	memset(mac, 0x33, 2);
	memcpy(mac + 2, to + 12, 4);
	return true;
}

/* --- in one line -------------------------------------------------------- */

const char *packet_address_text(const struct packet *p, int which,
				char text[PACKET_ADDRESS])
{
	inet_ntop(p->family == PACKET_IP6 ? AF_INET6 : AF_INET,
		  p->address[which], text, PACKET_ADDRESS);
	return text;
}

static char *flags_text(int flags)
{
	static const char *const name[] = { "fin", "syn", "rst",
					    "psh", "ack", "urg" };
	char *all = xstrdup("");

	for (int i = 0; i < 6; i++)
		if (flags >> i & 1)
			text_add(&all, " ", name[i]);
	return all;
}

static char *protocol_text(const struct packet *p)
{
	char *flags, *text;

	if (p->protocol == UDP)
		return xasprintf("UDP %d > %d", p->port[0], p->port[1]);
	if (is_icmp(p))
		return xasprintf("%s type %d code %d",
				 p->protocol == ICMP ? "ICMP" : "ICMPv6",
				 p->type, p->code);
	if (p->protocol != TCP)
		return xasprintf("protocol %d", p->protocol);
	flags = flags_text(p->flags);
	text = xasprintf("TCP %d > %d%s%s", p->port[0], p->port[1],
			 *flags ? " " : "", flags);
	free(flags);
	return text;
}

char *packet_text(const struct packet *p)
{
	char from[PACKET_ADDRESS], to[PACKET_ADDRESS];
	char *protocol, *text;

	packet_address_text(p, 0, from);
	packet_address_text(p, 1, to);
	if (p->family == PACKET_ARP && p->reply)
		return xasprintf("ARP, %s tells %s", from, to);
	if (p->family == PACKET_ARP)
		return xasprintf("ARP, who has %s, tell %s", to, from);
	protocol = protocol_text(p);
	text = xasprintf("%s %s > %s, %s",
			 p->family == PACKET_IP4 ? "IPv4" : "IPv6", from, to,
			 protocol);
	free(protocol);
	return text;
}
