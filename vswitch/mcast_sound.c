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

/**
 * struct alert - what a router alert looks like
 * @type:    its type
 * @ends:    IPv4: an option of one byte behind which there are no more
 * @pad:     the option of one byte that means nothing
 * @counted: bytes in front of an option's data that its length includes
 */
struct alert {
	uint8_t type;
	bool ends;
	uint8_t pad;
	uint8_t counted;
};

static const struct alert alert_v4 = { 148, true, 1, 2 };
static const struct alert alert_v6 = { 5, false, 0, 0 };

/* RFC 2113, RFC 2711: both have two bytes of data, zero for us. */
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
