/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Would hosts and routers believe a message of multicast's?
 *
 * Neither IGMP nor MLD is authenticated, so nobody is kept from lying by this.
 * But a lie told to the switch alone, by a message that everybody else drops,
 * is worse than one that is told to all.
 */
#include "vswitch/mcast_impl.h"

#define IPV4_LEN 20u
#define IPV6_LEN 40u

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

bool mcast_is_intact(const struct frame *frame, const struct packet *p)
{
	unsigned int l3 = p->l3, l4 = p->l4;
	uint32_t above = 0;

	if (p->kind == PACKET_IPV6)
		above = pseudo_header(frame, p);
	else if (!sums_up(frame->bytes + l3, l4 - l3, 0))
		return false;
	return sums_up(frame->bytes + l4, p->end - l4, above);
}

/**
 * struct alert - what a router alert looks like
 * @type:    its type
 * @ends:    IPv4: an option of one octet behind which there are no more
 * @pad:     the option of one octet that means nothing
 * @counted: octets in front of an option's data that its length includes
 */
struct alert {
	uint8_t type;
	bool ends;
	uint8_t pad;
	uint8_t counted;
};

static const struct alert alert_v4 = { 148, true, 1, 2 };
static const struct alert alert_v6 = { 5, false, 0, 0 };

/* RFC 2113, RFC 2711: both have two octets of data, zero for us. */
static bool has_alert(const uint8_t *b, unsigned int n, const struct alert *a)
{
	unsigned int at = 0;

	while (at < n && !(a->ends && b[at] == 0)) {
		unsigned int left = n - at, len;

		if (b[at] == a->pad) {
			at++;
			continue;
		}
		if (left < 2 || b[at + 1] < a->counted)
			return false;
		len = b[at + 1] - a->counted + 2u;
		if (len > left)
			return false;
		if (b[at] == a->type)
			return len == 4 && b[at + 2] == 0 && b[at + 3] == 0;
		at += len;
	}
	return false;
}

/* Whether options between an IP header and what it carries alert routers. */
bool mcast_has_alert(const struct frame *frame, const struct packet *p)
{
	const uint8_t *b = frame->bytes + p->l3;
	unsigned int header = p->l4 - p->l3;

	if (p->kind == PACKET_IPV4)
		return has_alert(b + IPV4_LEN, header - IPV4_LEN, &alert_v4);
	/* Hop-by-hop options, and nothing else: a routing header would lie. */
	b += IPV6_LEN;
	if (frame->bytes[p->l3 + 6] != 0 || header == IPV6_LEN ||
	    b[0] != PACKET_ICMPV6 || IPV6_LEN + (b[1] + 1u) * 8 != header)
		return false;
	return has_alert(b + 2, header - IPV6_LEN - 2, &alert_v6);
}
