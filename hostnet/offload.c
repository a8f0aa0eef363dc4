/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offloads of a sender, done in software: see offload.h.
 *
 * Sums are kept in network byte order all along: the Internet checksum does not
 * depend on byte order, as long as it is the same everywhere (RFC 1071).
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "hostnet/offload.h"
#include "base/frame.h"
#include "base/sum.h"

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu

/* Offset of SCTP's checksum, a CRC; no other protocol's is there. */

/* Field offsets, so that unaligned frames need no structures laid over them. */
#define IP4_LENGTH offsetof(struct iphdr, tot_len)
#define IP4_ID offsetof(struct iphdr, id)
#define IP4_CHECK offsetof(struct iphdr, check)
#define IP4_PROTOCOL offsetof(struct iphdr, protocol)
#define IP6_LENGTH offsetof(struct ip6_hdr, ip6_plen)
#define TCP_SEQ 4u
#define TCP_OFFSET 12u
#define TCP_FLAGS 13u
#define TCP_CHECK 16u
#define TCP_CWR 0x80u /* congestion window reduced */
#define UDP_LENGTH 4u
#define UDP_CHECK 6u

/* Tags a train may carry. */
#define MAX_TAGS 2u

/* --- sums ---------------------------------------------------------------- */

static uint16_t load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void store16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* --- trains -------------------------------------------------------------- */

/* Find the IP header behind the VLAN tags. */
static uint16_t find_l3(const uint8_t *frame, size_t len, size_t *l3)
{
	size_t at = FRAME_TYPE_AT;

	for (unsigned int tags = 0; at + sizeof(uint16_t) <= len; tags++) {
		uint16_t type = frame_be16(frame + at);

		if (tags == MAX_TAGS ||
		    (type != FRAME_TPID_C && type != FRAME_TPID_S)) {
			*l3 = at + sizeof(uint16_t);
			return type;
		}
		at += FRAME_TAG;
	}
	return 0;
}

/* Whether there is an IP header, followed by TCP or UDP. */
static bool check_l3(struct offload_train *t, uint16_t type)
{
	const uint8_t *ip = t->frame + t->l3;

	if (type == ETHERTYPE_IPV6) {
		t->ipv6 = true;
		return t->l4 >= t->l3 + sizeof(struct ip6_hdr);
	}
	/* A longer IP header would be another protocol's, inside a tunnel. */
	return type == ETHERTYPE_IPV4 &&
	       t->l4 >= t->l3 + sizeof(struct iphdr) && t->l4 <= t->len &&
	       t->l4 == t->l3 + (size_t)(ip[0] & 0xf) * 4 &&
	       ip[IP4_PROTOCOL] == (t->tcp ? IPPROTO_TCP : IPPROTO_UDP);
}

/* Find the end of all headers. */
static bool check_l4(struct offload_train *t)
{
	size_t size = sizeof(struct udphdr);

	if (t->l4 > t->len || t->len - t->l4 < size)
		return false;
	if (t->tcp) {
		if (t->len - t->l4 < sizeof(struct tcphdr))
			return false;
		size = (size_t)(t->frame[t->l4 + TCP_OFFSET] >> 4) * 4;
		if (size < sizeof(struct tcphdr))
			return false;
	}
	t->headers = t->l4 + size;
	/* Longer ones (BIG TCP) exceed IP's length field. */
	return t->headers < t->len && t->len - t->l4 <= UINT16_MAX;
}

/* Whether this kind of train can be cut, and fits the IP version. */
static bool check_type(const struct offload_train *t, uint8_t type)
{
	switch (type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return !t->ipv6;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return t->ipv6;
	default:
		return true;
	}
}

bool offload_begin(struct offload_train *t, const struct virtio_net_hdr *hdr,
		   const uint8_t *frame, size_t len)
{
	uint8_t type = hdr->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	size_t field = TCP_CHECK;

	*t = (struct offload_train){
		.frame = frame,
		.len = len,
		.l4 = hdr->csum_start,
		.mss = hdr->gso_size,
		.tcp = type == VIRTIO_NET_HDR_GSO_TCPV4 ||
		       type == VIRTIO_NET_HDR_GSO_TCPV6,
	};
	if (!t->tcp) {
		if (type != VIRTIO_NET_HDR_GSO_UDP_L4)
			return false;
		field = UDP_CHECK;
	}
	return (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && t->mss > 0 &&
	       hdr->csum_offset == field &&
	       check_l3(t, find_l3(frame, len, &t->l3)) && check_l4(t) &&
	       check_type(t, type);
}

/* Each segment's IP header needs its own length and identification. */
static void fix_l3(const struct offload_train *t, uint8_t *out, size_t len)
{
	uint8_t *ip = out + t->l3;

	if (t->ipv6) {
		len -= sizeof(struct ip6_hdr);
		store16(ip + IP6_LENGTH, htons((uint16_t)(len - t->l3)));
		return;
	}
	store16(ip + IP4_LENGTH, htons((uint16_t)(len - t->l3)));
	store16(ip + IP4_ID,
		htons((uint16_t)(ntohs(load16(ip + IP4_ID)) + t->index)));
	store16(ip + IP4_CHECK, 0);
	store16(ip + IP4_CHECK,
		(uint16_t)~sum_fold(sum_bytes(0, ip, t->l4 - t->l3)));
}

/* Sequence number by position; flags of the train's ends only there. */
static void fix_tcp(const struct offload_train *t, uint8_t *out, bool last)
{
	uint8_t *tcp = out + t->l4;
	uint32_t seq;

	memcpy(&seq, tcp + TCP_SEQ, sizeof(seq));
	seq = htonl(ntohl(seq) + (uint32_t)t->done);
	memcpy(tcp + TCP_SEQ, &seq, sizeof(seq));
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TH_FIN | TH_PUSH);
	if (t->index > 0)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
}

/*
 * In the checksum's place is the pseudo header's sum with the train's length;
 * take that length out and the segment's in, then sum up.
 */
static void fix_checksum(const struct offload_train *t, uint8_t *out,
			 size_t len)
{
	uint8_t *field = out + t->l4 + (t->tcp ? TCP_CHECK : UDP_CHECK);
	uint16_t train = htons((uint16_t)(t->len - t->l4));
	uint16_t segment = htons((uint16_t)(len - t->l4));

	store16(field,
		sum_fold((uint64_t)load16(field) + (uint16_t)~train + segment));
	store16(field, sum_finish(sum_bytes(0, out + t->l4, len - t->l4)));
}

size_t offload_next(struct offload_train *t, uint8_t *out, size_t max)
{
	size_t left = t->len - t->headers - t->done;
	size_t payload = left < t->mss ? left : t->mss;
	size_t len = t->headers + payload;

	if (left == 0 || len > max)
		return 0;
	memcpy(out, t->frame, t->headers);
	memcpy(out + t->headers, t->frame + t->headers + t->done, payload);
	fix_l3(t, out, len);
	if (t->tcp)
		fix_tcp(t, out, payload == left);
	else
		store16(out + t->l4 + UDP_LENGTH,
			htons((uint16_t)(len - t->l4)));
	fix_checksum(t, out, len);
	t->done += payload;
	t->index++;
	return len;
}
