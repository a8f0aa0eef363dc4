/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network card, without its transport: frames between a guest's two
 * rings and buffers of the caller's.
 *
 *	guest's transmit ring --virtio_net_take()--> frames, offload data
 *	guest's receive ring  <--virtio_net_put()--- frames, offload data
 *
 * What is hard.  Before each frame is a header (base/vnet_header.h), and both
 * may be split over pieces of memory in any way.  The header is a hostile
 * guest's word; it becomes offload data only if the packet says the same.  A
 * frame that is longer than a receive buffer goes into several
 * (VIRTIO_NET_F_MRG_RXBUF), into all of them or none.  And a guest says which
 * work it can be left: for one that takes no segments or no unfinished
 * checksums, frames are cut and completed here.
 *
 * What may be relied on.  A frame that is not in order is dropped and counted,
 * and its buffer goes back.  Only what breaks the rules of the ring itself stops
 * the ring (virtio/vq.h).
 */
#ifndef WEIR_VIRTIO_NET_H
#define WEIR_VIRTIO_NET_H

#include "base/buffer.h"
#include "base/frame.h"
#include "virtio/vq.h"

/* Bits of features; the checksum and segments the device takes, and gives. */
#define NET_F_CSUM (1ull << 0)
#define NET_F_GUEST_CSUM (1ull << 1)
#define NET_F_MTU (1ull << 3)
#define NET_F_MAC (1ull << 5)
#define NET_F_GUEST_TSO4 (1ull << 7)
#define NET_F_GUEST_TSO6 (1ull << 8)
#define NET_F_GUEST_ECN (1ull << 9)
#define NET_F_HOST_TSO4 (1ull << 11)
#define NET_F_HOST_TSO6 (1ull << 12)
#define NET_F_HOST_ECN (1ull << 13)
#define NET_F_MRG_RXBUF (1ull << 15)
#define NET_F_STATUS (1ull << 16)
#define NET_F_MQ (1ull << 22)
#define NET_F_GUEST_USO4 (1ull << 54)
#define NET_F_GUEST_USO6 (1ull << 55)
#define NET_F_HOST_USO (1ull << 56)

/* Bytes before a frame: struct vnet_header and the number of buffers. */
#define NET_HEADER 12u

/* Receive buffers for one frame: a segment in buffers of 512 bytes. */
#define NET_MERGE 128u

/* A frame that is made here, of a segment or to complete its checksum. */
#define NET_PIECE 16384u

/* What became of a frame; the first two are the guest's doing. */
enum net_count {
	NET_BAD_LENGTH, /* shorter or longer than a frame or a segment may be */
	NET_BAD_OFFLOAD, /* a header that the packet does not bear out */
	NET_NO_BUFFER, /* a buffer too small for the frame; rest of a segment */
	NET_COUNTS,
};

/* A receive buffer that was taken for the frame at hand. */
struct net_taken {
	uint16_t id;
	uint16_t slots;
	uint32_t written;
};

/* Chains that are worked on at a time. */
#define NET_AHEAD 32u

/**
 * struct virtio_net - a card of one pair of rings; private but where said
 * @rx, @tx:   the guest's rings for receiving and sending; the transport starts
 *             them
 * @rx_on, @tx_on: the ring works; the transport's
 * @features:  what was agreed; by virtio_net_agree()
 * @takes:     OFFLOAD_TAKES_* of the guest
 * @longest:   bytes of the longest plain frame from the guest; the owner's
 * @count:     of enum net_count, for anyone to read
 * @single:    chains of one piece that are worked on
 * @chain:     what was taken last
 * @first:     of several buffers for a frame, the first
 * @taken:     all of them
 * @piece:     a frame that is made here
 */
struct virtio_net {
	struct vq rx;
	struct vq tx;
	bool rx_on;
	bool tx_on;
	uint64_t features;
	uint32_t takes;
	uint32_t longest;
	uint64_t count[NET_COUNTS];
	struct vq_single single[NET_AHEAD];
	struct vq_chain chain;
	struct vq_chain first;
	struct net_taken taken[NET_MERGE];
	uint8_t piece[NET_PIECE];
};

/**
 * virtio_net_offers - the features of a card whose port is like this
 * @port: OFFLOAD_PORT, or 0: no offloads
 *
 * Return: bits of features, those of the rings included; the transport adds its
 * own, and NET_F_STATUS, NET_F_MAC, NET_F_MTU if it can tell the guest.
 */
uint64_t virtio_net_offers(uint32_t port);

/**
 * virtio_net_agree - begin with what was agreed
 * @features: a subset of what was offered
 *
 * Return: false, if one needs another that is missing; @n is unchanged then.
 */
bool virtio_net_agree(struct virtio_net *n, uint64_t features);

/* Why no more frames were moved. */
enum net_result {
	NET_NONE,    /* there are none; or, of frames to the guest, no buffer */
	NET_FRAME,   /* so many were asked for */
	NET_DROPPED, /* of one frame: it was dropped and counted */
	NET_BROKEN,  /* the ring is at fault, see its @fault */
};

/**
 * virtio_net_take - the next frames the guest sends
 * @p:     in: buffers; out: the frames in them, from the first on
 * @count: most chains that are looked at, refused ones included
 * @room:  bytes of each buffer, UINT16_MAX at most
 * @end:   out: NET_NONE, NET_FRAME or NET_BROKEN
 *
 * Return: how many frames there are.
 */
unsigned int virtio_net_take(struct virtio_net *n, struct net_buffer *p,
			     unsigned int count, uint32_t room,
			     enum net_result *end);

/**
 * virtio_net_put - frames for the guest
 * @p:     they; do not change meanwhile, of FRAME_MIN bytes at least, and their
 *         offload data is legal
 * @count: how many
 * @end:   out: NET_FRAME, NET_BROKEN, or NET_NONE: the guest has no buffers
 *         now, try again later
 *
 * Of a segment that has to be cut, the rest is dropped when buffers run out.
 *
 * Return: how many were sent or dropped.
 */
unsigned int virtio_net_put(struct virtio_net *n, const struct net_buffer *p,
			    unsigned int count, enum net_result *end);

/**
 * virtio_net_publish - let the guest see what was done since the last call
 * @rx, @tx: out: whether it wants an interrupt for the ring
 */
void virtio_net_publish(struct virtio_net *n, bool *rx, bool *tx);

/**
 * virtio_net_arm - about to sleep
 * @frames:  be told of frames the guest sends
 * @buffers: be told of receive buffers
 *
 * Return: there are some; both rings are disarmed again.
 */
bool virtio_net_arm(struct virtio_net *n, bool frames, bool buffers);

#endif
