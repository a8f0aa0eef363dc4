/* SPDX-License-Identifier: BSD-2-Clause */
/* Offload data as Linux says it: see vnet.h. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "hostnet/offload.h"
#include "hostnet/vnet.h"
#include "base/frame.h"

/* A frame that a segment of UDP was cut into; its MTU is 9000 and more. */
#define PIECE_MAX 16384u

/* Weir's types of segments and Linux's. */
static const struct {
	uint8_t ours;
	uint8_t theirs;
} types[] = {
	{ OFFLOAD_TCP4, VIRTIO_NET_HDR_GSO_TCPV4 },
	{ OFFLOAD_TCP6, VIRTIO_NET_HDR_GSO_TCPV6 },
	{ OFFLOAD_UDP, VIRTIO_NET_HDR_GSO_UDP_L4 },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* --- in ------------------------------------------------------------------ */

static bool type_of(const struct virtio_net_hdr *h, struct offload *o)
{
	uint8_t theirs = h->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

	for (size_t i = 0; i < TYPES; i++) {
		if (types[i].theirs == theirs) {
			o->flags |= types[i].ours;
			o->segment = h->gso_size;
			return true;
		}
	}
	return theirs == VIRTIO_NET_HDR_GSO_NONE;
}

/* Does the header mean the checksum that the packet has? */
static bool agrees(const struct virtio_net_hdr *h,
		   const struct offload_place *at)
{
	return h->csum_start == at->l4 &&
	       h->csum_start + h->csum_offset == at->field;
}

/*
 * A checksum of so few bytes is made here: to pass it on costs more, because
 * the switch and the receiver have to look where it is.
 */
#define SHORT 2048u

bool vnet_read(const struct virtio_net_hdr *h, uint8_t *frame, size_t len,
	       struct offload *o)
{
	struct offload_place at;

	*o = (struct offload){ 0 };
	if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return h->gso_type == VIRTIO_NET_HDR_GSO_NONE;
	if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE && len <= SHORT &&
	    offload_checksum(frame, len, h->csum_start, h->csum_offset))
		return true;
	o->flags = OFFLOAD_CHECKSUM;
	if (type_of(h, o) && len <= OFFLOAD_MAX_SEGMENT &&
	    offload_locate(frame, (uint32_t)len, o, &at) && agrees(h, &at))
		return true;
	*o = (struct offload){ 0 };
	return h->gso_type == VIRTIO_NET_HDR_GSO_NONE &&
	       offload_checksum(frame, len, h->csum_start, h->csum_offset);
}

/* --- out ----------------------------------------------------------------- */

static struct virtio_net_hdr header_of(struct offload o,
				       const struct offload_place *at)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = at->l4,
		.csum_offset = (uint16_t)(at->field - at->l4),
	};

	for (size_t i = 0; i < TYPES; i++) {
		if (types[i].ours == (o.flags & OFFLOAD_TYPE)) {
			h.gso_type = types[i].theirs;
			h.gso_size = o.segment;
			h.hdr_len = at->payload;
		}
	}
	if (o.flags & OFFLOAD_ECN)
		h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	return h;
}

static int send_with(int fd, struct virtio_net_hdr *h, const uint8_t *frame,
		     size_t len)
{
	const struct iovec iov[] = {
		{ h, sizeof(*h) },
		{ (void *)(uintptr_t)frame, len },
	};

	return writev(fd, iov, 2) < 0 ? -errno : 0;
}

/* Once the first piece is out, all others must follow, or are lost. */
static int send_pieces(int fd, const struct virtio_net_hdr *h,
		       const uint8_t *frame, size_t len)
{
	struct virtio_net_hdr none = { 0 };
	struct offload_train train;
	uint8_t piece[PIECE_MAX];
	size_t n;

	if (!offload_begin(&train, h, frame, len))
		return -EINVAL;
	while ((n = offload_next(&train, piece, sizeof(piece))) > 0) {
		int e = send_with(fd, &none, piece, n);

		if (e < 0)
			return train.index == 1 ? e : 0;
	}
	return 0;
}

int vnet_write(int fd, const uint8_t *frame, size_t len, struct offload o,
	       uint32_t mtu)
{
	struct virtio_net_hdr h = { 0 };
	struct offload_place at;
	int e;

	if (!offload_any(o))
		return send_with(fd, &h, frame, len);
	if (!offload_locate(frame, (uint32_t)len, &o, &at))
		return -EINVAL;
	if (mtu && o.segment &&
	    (unsigned int)at.payload - at.l3 + o.segment > mtu)
		return -EMSGSIZE;
	h = header_of(o, &at);
	e = send_with(fd, &h, frame, len);
	if (e == -EINVAL && (o.flags & OFFLOAD_TYPE) == OFFLOAD_UDP)
		e = send_pieces(fd, &h, frame, len);
	return e;
}
