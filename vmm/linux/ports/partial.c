/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding checksums that are still to be made: see partial.h.
 */
#include "vmm/linux/ports/partial.h"

#include <netinet/in.h>
#include <stdbool.h>

#include "base/frame.h"

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu
#define MAX_TAGS 2u
#define MAX_EXTENSIONS 4u
#define IP4_HEADER 20u
#define IP6_HEADER 40u
/* Offsets in IPv4's header, IPv6's, and behind them. */
#define IP4_FRAGMENT 6u
#define IP4_PROTOCOL 9u
#define IP4_ADDRESSES 12u
#define IP6_LENGTH 4u
#define IP6_NEXT 6u
#define IP6_ADDRESSES 8u
#define TCP_CHECK 16u
#define UDP_CHECK 6u

/* Where the transport header is, and the sum of its pseudo header. */
struct found {
	size_t l4;
	uint8_t protocol;
	uint32_t sum;
};

static uint32_t sum_of(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += frame_be16(p + i);
	return sum;
}

static bool find_v4(const uint8_t *ip, size_t len, struct found *f)
{
	size_t header, total;

	if (len < IP4_HEADER)
		return false;
	header = (size_t)(ip[0] & 0xf) * 4;
	total = frame_be16(ip + 2);
	/* Nobody leaves the checksum of a fragment to hardware. */
	if (header < IP4_HEADER || total < header || total != len ||
	    (frame_be16(ip + IP4_FRAGMENT) & 0x3fff) != 0)
		return false;
	f->l4 = header;
	f->protocol = ip[IP4_PROTOCOL];
	f->sum = sum_of(ip + IP4_ADDRESSES, 8) + (uint32_t)(total - header);
	return true;
}

static bool find_v6(const uint8_t *ip, size_t len, struct found *f)
{
	size_t end, at = IP6_HEADER;
	uint8_t next;

	if (len < IP6_HEADER)
		return false;
	end = IP6_HEADER + frame_be16(ip + IP6_LENGTH);
	if (end != len)
		return false;
	next = ip[IP6_NEXT];
	for (unsigned int i = 0; i < MAX_EXTENSIONS; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS)
			break;
		if (end - at < 8)
			return false;
		next = ip[at];
		at += ((size_t)ip[at + 1] + 1) * 8;
		if (at > end)
			return false;
	}
	f->l4 = at;
	f->protocol = next;
	f->sum = sum_of(ip + IP6_ADDRESSES, 32) + (uint32_t)(end - at);
	return true;
}

static bool find(const uint8_t *frame, size_t len, struct found *f)
{
	size_t at = FRAME_TYPE_AT;
	uint16_t type;
	bool ok = false;

	if (len < FRAME_MIN)
		return false;
	type = frame_be16(frame + at);
	for (unsigned int i = 0; i < MAX_TAGS; i++) {
		if (type != FRAME_TPID_C && type != FRAME_TPID_S)
			break;
		at += FRAME_TAG;
		if (at + 2 > len)
			return false;
		type = frame_be16(frame + at);
	}
	at += 2;
	if (type == ETHERTYPE_IPV4)
		ok = find_v4(frame + at, len - at, f);
	else if (type == ETHERTYPE_IPV6)
		ok = find_v6(frame + at, len - at, f);
	f->l4 += at;
	return ok;
}

void partial_find(const uint8_t *frame, size_t len, struct virtio_net_hdr *hdr)
{
	struct found f = { 0 };
	size_t field;

	if (!find(frame, len, &f))
		return;
	if (f.protocol == IPPROTO_TCP)
		field = TCP_CHECK;
	else if (f.protocol == IPPROTO_UDP)
		field = UDP_CHECK;
	else
		return;
	if (f.l4 + field + 2 > len)
		return;
	f.sum += f.protocol;
	while (f.sum >> 16)
		f.sum = (f.sum & 0xffff) + (f.sum >> 16);
	if (frame_be16(frame + f.l4 + field) != f.sum)
		return;
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = (uint16_t)f.l4;
	hdr->csum_offset = (uint16_t)field;
}
