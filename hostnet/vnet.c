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

/* Linux's header and ours are the same bytes. */
_Static_assert(sizeof(struct virtio_net_hdr) == sizeof(struct vnet_header),
	       "virtio_net_hdr");

bool vnet_read(const struct virtio_net_hdr *h, uint8_t *frame, size_t len,
	       struct offload *o)
{
	struct vnet_header header;

	memcpy(&header, h, sizeof(header));
	return vnet_header_read(&header, frame, len, o);
}

/* --- out ----------------------------------------------------------------- */

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
	struct vnet_header header;
	struct offload_place at;
	int e;

	if (!offload_any(o))
		return send_with(fd, &h, frame, len);
	if (!offload_locate(frame, (uint32_t)len, &o, &at))
		return -EINVAL;
	if (mtu && o.segment &&
	    (unsigned int)at.payload - at.l3 + o.segment > mtu)
		return -EMSGSIZE;
	vnet_header_make(&header, o, &at);
	memcpy(&h, &header, sizeof(h));
	e = send_with(fd, &h, frame, len);
	if (e == -EINVAL && (o.flags & OFFLOAD_TYPE) == OFFLOAD_UDP)
		e = send_pieces(fd, &h, frame, len);
	return e;
}
