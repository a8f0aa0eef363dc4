/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a multicast says: IGMP (RFC 1112, 2236, 3376), MLD (2710, 3810), PIM.
 *
 * What is learned here decides who is left out of floods, so a message must
 * count for us only if it counts for those it is meant for: a question hosts do
 * not take for one makes nobody answer, and who has not answered is left out.
 * So all that the RFCs have hosts and routers verify is verified, and what
 * falls short is MCAST_UNCLEAR: flooded, and nothing is learned.  Two things
 * are treated apart:
 *
 *  - What goes on behind the snapshot cannot be verified.  If it may be a
 *    report it is MCAST_UNREADABLE, since somebody may have joined who must not
 *    miss anything.
 *  - Where the sender of a question is to be reached is learned even from one
 *    that asks oddly: that can only add a port.
 *
 * Sources are of no account: a port that wants a group from some source gets
 * the group.  MCAST_DATA is told by its IP destination, if the Ethernet one
 * belongs to it; S-TAGs and second tags are VLANs the table knows nothing
 * about.
 *
 * Every loop is bounded by the snapshot.
 */
#include "vswitch/mcast_impl.h"

#define PROTOCOL_PIM 103u
#define PIM_HELLO 0x20u /* version 2, type 0 */

#define IGMP_LEN 8u
#define IGMP_V3_QUERY_LEN 12u
#define IGMP_QUERY 0x11u
#define IGMP_V1_REPORT 0x12u
#define IGMP_V2_REPORT 0x16u
#define IGMP_LEAVE 0x17u
#define IGMP_V3_REPORT 0x22u

#define MLD_LEN 24u
#define MLD_V2_QUERY_LEN 28u
#define MLD_QUERY 130u
#define MLD_V1_REPORT 131u
#define MLD_DONE 132u
#define MLD_V2_REPORT 143u

/* In a query of version 3 (MLD: 2): routers are to keep their timers. */
#define SUPPRESS 0x08u

/* A querier that gives more is none we could rely on (RFC 3376 8.3). */
#define MAX_ANSWER_MS 125000u
/* Last member query interval, RFC 3376 8.8: what MCAST_LEAVE_S is made for. */
#define MAX_LEAVE_MS 1000u

#define LINK_LOCAL 0xfe80ull /* ten bits of it */

#define V6_LINK(n) ((struct ip_addr){ 0xff02ull << 48, n })
#define V4_LINK(n) ip_from_v4(0xe0000000u | (n))

/**
 * struct reading - an IP packet that is being read
 * @msg:   what comes of it
 * @p:     the packet
 * @b:     what it carries
 * @len:   bytes of that
 * @alert: it has a router alert
 */
struct reading {
	struct mcast_message *msg;
	const struct packet *p;
	const uint8_t *b;
	unsigned int len;
	bool alert;
};

static uint32_t be32(const uint8_t *b)
{
	return (uint32_t)frame_be16(b) << 16 | frame_be16(b + 2);
}

static struct ip_addr load_addr(const uint8_t *b, bool v4)
{
	if (v4)
		return ip_from_v4(be32(b));
	return (struct ip_addr){
		.hi = (uint64_t)be32(b) << 32 | be32(b + 4),
		.lo = (uint64_t)be32(b + 8) << 32 | be32(b + 12),
	};
}

/* --- addresses ----------------------------------------------------------- */

static bool is_multicast(const struct ip_addr *a)
{
	if (ip_is_v4(a))
		return (a->lo >> 28 & 0xf) == 0xe;
	return a->hi >> 56 == 0xff;
}

bool mcast_is_tracked(const struct ip_addr *group)
{
	if (!is_multicast(group))
		return false;
	if (ip_is_v4(group))
		return (group->lo >> 8 & 0xffffff) != 0xe00000;
	/* Scope 1 is the interface, 0 nothing; ff02::1 is everybody. */
	return (group->hi >> 48 & 0xf) > 1 && !ip_same(group, &V6_LINK(1));
}

/* Does an Ethernet destination belong to a group (RFC 1112, RFC 2464)? */
static bool is_mapped(uint64_t mac, const struct ip_addr *group)
{
	if (!is_multicast(group))
		return false;
	if (ip_is_v4(group))
		return mac == (0x01005e000000ull | (group->lo & 0x7fffff));
	return mac == (0x333300000000ull | (group->lo & 0xffffffff));
}

static bool is_nobody(const struct ip_addr *a, bool v4)
{
	return a->hi == 0 && a->lo == (v4 ? ip_from_v4(0).lo : 0);
}

/* A source that may be: IPv6's are always of the link. */
static bool is_source(const struct packet *p)
{
	if (p->kind == PACKET_IPV6)
		return p->src.hi >> 54 == LINK_LOCAL >> 6 ||
		       is_nobody(&p->src, false);
	return !is_multicast(&p->src) && (p->src.lo & 0xffffffff) != 0xffffffff;
}

/* --- queries ------------------------------------------------------------- */

/*
 * The times of the later versions: from the highest bit on a number of
 * @mantissa bits with its leading one left out, and three bits of exponent.
 */
static uint32_t long_time(uint32_t code, unsigned int mantissa)
{
	uint32_t one = 1u << mantissa;

	if (code < one << 3)
		return code;
	return ((code & (one - 1)) | one) << ((code >> mantissa & 7) + 3);
}

/**
 * struct question - a query, of whatever version
 * @group:    asked for; nobody's address: everybody is asked
 * @ms:       time to answer
 * @counts:   hosts answer it, and routers go by what is answered
 * @suppress: routers do not go by what is not answered
 */
struct question {
	struct ip_addr group;
	uint32_t ms;
	bool counts;
	bool suppress;
};

static void take_query(const struct reading *r, const struct question *q)
{
	struct mcast_message *msg = r->msg;
	struct ip_addr everybody = msg->v4 ? V4_LINK(1) : V6_LINK(1);
	bool general = is_nobody(&q->group, msg->v4);

	if (!ip_same(&r->p->dst, general ? &everybody : &q->group) ||
	    is_nobody(&r->p->src, msg->v4))
		return;
	msg->what = MCAST_QUERY;
	msg->group = q->group;
	msg->asks = general && q->counts && q->ms <= MAX_ANSWER_MS;
	msg->cuts = !general && q->counts && q->ms <= MAX_LEAVE_MS &&
		    !q->suppress;
	msg->answer_s = (q->ms + 999) / 1000;
}

static void read_igmp_query(const struct reading *r)
{
	struct question q = { .group = load_addr(r->b + 4, true) };
	bool v1 = r->len == IGMP_LEN && r->b[1] == 0;

	if (r->len != IGMP_LEN && r->len < IGMP_V3_QUERY_LEN)
		return;
	q.ms = v1 ? 10000 : r->b[1] * 100u;
	q.counts = v1 || r->alert;
	if (r->len >= IGMP_V3_QUERY_LEN) {
		q.ms = long_time(r->b[1], 4) * 100;
		q.suppress = r->b[8] & SUPPRESS;
		q.counts = q.counts && frame_be16(r->b + 10) == 0;
	}
	take_query(r, &q);
}

static void read_mld_query(const struct reading *r)
{
	struct question q = {
		.group = load_addr(r->b + 8, false),
		.ms = frame_be16(r->b + 4),
		.counts = true,
	};

	if (r->len != MLD_LEN && r->len < MLD_V2_QUERY_LEN)
		return;
	if (r->len >= MLD_V2_QUERY_LEN) {
		q.ms = long_time(frame_be16(r->b + 4), 12);
		q.suppress = r->b[24] & SUPPRESS;
		q.counts = frame_be16(r->b + 26) == 0;
	}
	take_query(r, &q);
}

/* --- reports ------------------------------------------------------------- */

/* Version 1 and 2 (MLD: 1): one group, and that is where it is sent. */
static void take_single(const struct reading *r, const struct ip_addr *group)
{
	if (!ip_same(group, &r->p->dst))
		return;
	r->msg->what = MCAST_REPORT;
	r->msg->single = true;
}

/* Leaving ends nothing: that is for the querier to find out. */
static void take_leave(const struct reading *r, const struct ip_addr *group)
{
	struct ip_addr routers = r->msg->v4 ? V4_LINK(2) : V6_LINK(2);

	if (ip_same(&r->p->dst, &routers) || ip_same(&r->p->dst, group))
		r->msg->what = MCAST_REPORT;
}

/* Version 3 (MLD: 2): any number of records. */
static void take_records(const struct reading *r)
{
	struct ip_addr routers = r->msg->v4 ? V4_LINK(22) : V6_LINK(22);

	if (!ip_same(&r->p->dst, &routers))
		return;
	r->msg->what = MCAST_REPORT;
	r->msg->records = frame_be16(r->b + 6);
	r->msg->at = (uint16_t)(r->p->l4 + 8);
	r->msg->end = r->p->end;
}

static bool joins(unsigned int type, unsigned int sources)
{
	switch (type) {
	case 2: /* MODE_IS_EXCLUDE: from all but these */
	case 4: /* CHANGE_TO_EXCLUDE_MODE */
		return true;
	case 1: /* MODE_IS_INCLUDE: from these, and with none a leave */
	case 3: /* CHANGE_TO_INCLUDE_MODE */
	case 5: /* ALLOW_NEW_SOURCES */
		return sources > 0;
	default: /* BLOCK_OLD_SOURCES does not say whether others are left */
		return false;
	}
}

enum mcast_record mcast_next(const struct frame *frame,
			     struct mcast_message *msg, struct ip_addr *group)
{
	unsigned int address = msg->v4 ? 4 : 16;
	const uint8_t *b = frame->bytes + msg->at;
	unsigned int left = (unsigned int)(msg->end - msg->at);
	unsigned int sources, len;

	if (msg->single) {
		msg->single = false;
		*group = msg->group;
		return MCAST_JOIN;
	}
	if (msg->records == 0)
		return MCAST_END;
	if (left < 4 + address)
		return MCAST_BROKEN;
	sources = frame_be16(b + 2);
	len = 4 + address + sources * address + b[1] * 4u;
	if (len > left)
		return MCAST_BROKEN;
	*group = load_addr(b + 4, msg->v4);
	msg->at = (uint16_t)(msg->at + len);
	msg->records--;
	/* An IPv4-mapped group in MLD would be one of the other family's. */
	if (ip_is_v4(group) != msg->v4)
		return MCAST_OTHER;
	return joins(b[0], sources) ? MCAST_JOIN : MCAST_OTHER;
}

/* --- messages ------------------------------------------------------------ */

static void read_igmp(const struct reading *r)
{
	struct ip_addr group;

	if (r->len < IGMP_LEN)
		return;
	group = load_addr(r->b + 4, true);
	switch (r->b[0]) {
	case IGMP_QUERY:
		read_igmp_query(r);
		break;
	case IGMP_V1_REPORT:
	case IGMP_V2_REPORT:
		take_single(r, &group);
		break;
	case IGMP_LEAVE:
		take_leave(r, &group);
		break;
	case IGMP_V3_REPORT:
		take_records(r);
		break;
	}
}

static void read_mld(const struct reading *r)
{
	struct ip_addr group;

	if (!r->alert)
		return;
	if (r->p->icmp_type == MLD_V2_REPORT) {
		take_records(r);
		return;
	}
	if (r->len < MLD_LEN)
		return;
	group = load_addr(r->b + 8, false);
	switch (r->p->icmp_type) {
	case MLD_QUERY:
		read_mld_query(r);
		break;
	case MLD_V1_REPORT:
		take_single(r, &group);
		break;
	case MLD_DONE:
		take_leave(r, &group);
		break;
	}
}

/* Other messages of PIM are none of our business. */
static void read_pim(const struct frame *frame, const struct reading *r)
{
	struct ip_addr routers = r->msg->v4 ? V4_LINK(13) : V6_LINK(0xd);

	r->msg->what = MCAST_DATA;
	if (r->len >= 4 && r->p->l4 < frame->snap && r->b[0] == PIM_HELLO &&
	    !is_nobody(&r->p->src, r->msg->v4) && ip_same(&r->p->dst, &routers))
		r->msg->what = MCAST_HELLO;
}

static bool is_message(const struct packet *p)
{
	if (p->protocol == PROTOCOL_PIM)
		return true;
	if (p->kind == PACKET_IPV4)
		return p->protocol == PACKET_IGMP;
	return p->icmp &&
	       ((p->icmp_type >= MLD_QUERY && p->icmp_type <= MLD_DONE) ||
		p->icmp_type == MLD_V2_REPORT);
}

/* A message of hosts and routers to each other. */
static void read_message(const struct frame *frame, const struct packet *p,
			 struct mcast_message *msg)
{
	const struct reading r = {
		.msg = msg,
		.p = p,
		.b = frame->bytes + p->l4,
		.len = (unsigned int)(p->end - p->l4),
		.alert = mcast_has_alert(frame, p),
	};
	bool whole = p->end <= frame->snap;

	if (p->fragment || p->hop_limit != 1 || !is_source(p))
		return;
	if (p->protocol == PROTOCOL_PIM) {
		/* One that is too long to verify can only add a router. */
		if (!whole || packet_is_intact(frame, p))
			read_pim(frame, &r);
	} else if (!whole) {
		msg->what = MCAST_UNREADABLE;
	} else if (packet_is_intact(frame, p)) {
		if (msg->v4)
			read_igmp(&r);
		else
			read_mld(&r);
	}
}

/* Does the snapshot end before it is known whether it is a message? */
static bool is_cut(const struct packet *p)
{
	return p->flaw == PACKET_CUT &&
	       (!p->carried || (p->protocol == PACKET_ICMPV6 && !p->icmp));
}

/* IP, in a VLAN the table knows about. */
static bool is_plain(const struct frame *frame, const struct packet *p)
{
	if (frame->l3 > FRAME_MIN &&
	    frame_be16(frame->bytes + 12) != FRAME_TPID_C)
		return false;
	return p->l3 == frame->l3 &&
	       (p->kind == PACKET_IPV4 || p->kind == PACKET_IPV6);
}

void mcast_read(const struct frame *frame, struct mcast_message *msg)
{
	struct packet p;

	*msg = (struct mcast_message){ .what = MCAST_UNCLEAR };
	packet_parse(frame, &p);
	if (!is_plain(frame, &p) || !p.addressed ||
	    p.flaw == PACKET_MALFORMED || !is_mapped(frame->dst, &p.dst))
		return;
	msg->v4 = p.kind == PACKET_IPV4;
	msg->group = p.dst;
	if (p.carried && is_message(&p))
		read_message(frame, &p, msg);
	else if (is_cut(&p))
		msg->what = MCAST_UNREADABLE;
	else
		msg->what = MCAST_DATA;
}
