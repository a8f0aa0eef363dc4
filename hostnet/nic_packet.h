/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames to and from an interface: AF_PACKET with two rings, for the nic port
 * and for the card of a driver VM.
 *
 * A ring is memory shared with the kernel, in slots of equal size.  Each slot's
 * status says who owns it:
 *
 *	receive		TP_STATUS_KERNEL	the kernel's, to be filled
 *			TP_STATUS_USER		ours, a frame
 *	transmit	TP_STATUS_AVAILABLE	ours, empty
 *			TP_STATUS_SEND_REQUEST	filled; the kernel's at the next
 *						kick
 *			TP_STATUS_SENDING	the kernel's or the card's
 *
 * Both sides go round the ring in order.  Receiving takes no system call at
 * all; transmitting takes one, the kick, for a burst: an empty write(2), so
 * that a PD needs no call that takes an address and can send on this interface
 * only.
 *
 * There are two sockets, because the receiver needs virtio's header in front of
 * frames (offload.h), which on a transmitter would make the kernel accept
 * frames longer than the interface's MTU.  Segments do not fit into slots: the
 * nic port sends them one by one on the receiver's socket (vnet.h).  A PD makes
 * the rings before its filter is set, and makes them again if it is restarted:
 * both sides then begin at slot 0.
 */
#ifndef WEIR_HOSTNET_NIC_PACKET_H
#define WEIR_HOSTNET_NIC_PACKET_H

#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/frame.h"

/* One ring. */
struct nic_ring {
	int fd;		    /* its packet socket */
	uint8_t *base;	    /* first slot */
	size_t slot;	    /* bytes of a slot */
	unsigned int slots; /* how many */
	unsigned int next;  /* the slot we look at next */
};

/* A ring each way. */
struct nic_packet {
	struct nic_ring rx, tx;
	/* first slot of @tx that is filled and not yet taken by the kernel */
	unsigned int oldest;
	unsigned int queued; /* how many such slots there are, up to @tx.next */
	uint8_t *big;	     /* NIC_BIG bytes, for a frame longer than a slot */
};

/* The longest frame that can be received, with tags. */
#define NIC_BIG ((size_t)ETH_HLEN + 65535 + (size_t)2 * FRAME_TAG)

/* What can be put in front of a received frame, where it is. */
#define NIC_HEADROOM sizeof(struct virtio_net_hdr)

/* A received frame, in the ring until nic_packet_done(). */
struct nic_frame {
	struct virtio_net_hdr hdr; /* the sender's offloads (offload.h) */
	/* may be changed, and has room for a tag in front if it is @tagged;
	 * NULL: nic_packet_read() has it */
	uint8_t *data;
	size_t len;    /* bytes */
	bool tagged;   /* the kernel took a VLAN tag out of the frame: */
	uint16_t tpid; /* its type */
	uint16_t tci;  /* its priority and VLAN id */
	/* the kernel has dropped frames (PACKET_STATISTICS: how many) */
	bool losing;
};

/** nic_packet_set - set a packet socket's option to a number */
int nic_packet_set(int fd, int option, int value);

/**
 * nic_packet_receiver, nic_packet_transmitter - a packet socket of an interface
 * @index:  of the interface; it is promiscuous while there is a receiver
 * @buffer: bytes in flight to the card.  The kernel doubles it and counts 700
 *          or more for each frame
 *
 * The receiver delivers struct virtio_net_hdr and the frame, but nothing before
 * it is bound to a protocol.  Neither blocks.
 *
 * Return: the socket or negative errno.
 */
int nic_packet_receiver(int index);
int nic_packet_transmitter(int index, int buffer);

/**
 * nic_frame_tag - put a frame's VLAN tag back into its place
 * @f: in/out, of FRAME_MIN bytes at least; nothing happens if it has no tag
 */
void nic_frame_tag(struct nic_frame *f);

/**
 * nic_frame_checksum - compute the checksum that a sender left to the hardware
 * @f: tagged, and no train of segments
 *
 * Return: false if it is none that we know.
 */
bool nic_frame_checksum(struct nic_frame *f);

/**
 * nic_frame_fits - is a frame short enough for an interface's MTU?
 * @data: the frame
 * @len:  its bytes; a tag does not count
 */
bool nic_frame_fits(const uint8_t *data, size_t len, uint32_t mtu);

/**
 * nic_packet_init - make the rings and start receiving; before the filter
 * @n:         zero
 * @rx_fd:     from nic_packet_receiver()
 * @tx_fd:     from nic_packet_transmitter()
 * @max_frame: longest frame of the port, bytes
 */
int nic_packet_init(struct nic_packet *n, int rx_fd, int tx_fd,
		    size_t max_frame);

/** nic_packet_size - bytes of the two rings */
static inline size_t nic_packet_size(const struct nic_packet *n)
{
	return n->rx.slot * n->rx.slots + n->tx.slot * n->tx.slots;
}

enum nic_got {
	NIC_NOTHING, /* no frame there */
	NIC_FRAME,   /* @f is one */
	NIC_CUT,     /* one that the kernel had no room to keep whole */
};

/**
 * nic_packet_peek - look at a received frame
 * @index: which, 0 is the oldest
 * @f:     out
 *
 * Of a frame longer than its slot, which a socket with PACKET_COPY_THRESH keeps,
 * there is no @data yet.
 */
enum nic_got nic_packet_peek(struct nic_packet *n, unsigned int index,
			     struct nic_frame *f);

/**
 * nic_packet_read - get a frame that is longer than its slot
 * @f:    in/out, from nic_packet_peek()
 * @to:   where it goes, after room for its tag
 * @room: bytes there; 0: it is dropped
 *
 * Once for each such frame, and in their order.
 *
 * Return: whether it was there, and @room enough.
 */
bool nic_packet_read(struct nic_packet *n, struct nic_frame *f, uint8_t *to,
		     size_t room);

/** nic_packet_done - give the oldest received frame's slot back */
void nic_packet_done(struct nic_packet *n);

/**
 * nic_packet_slot - where a frame to be sent goes
 * @index: of the slot, 0 is the next
 *
 * Return: room for the port's longest frame, or NULL if the slot is not empty.
 */
uint8_t *nic_packet_slot(struct nic_packet *n, unsigned int index);

/**
 * nic_packet_commit - the next transmit slot is filled
 * @len: bytes
 */
void nic_packet_commit(struct nic_packet *n, size_t len);

/**
 * nic_packet_put - fill the next transmit slot
 * @data: frame, copied
 * @len:  bytes, at most the port's longest
 *
 * Return: false if the ring is full.
 */
bool nic_packet_put(struct nic_packet *n, const void *data, size_t len);

/**
 * nic_packet_kick - make the kernel take the slots filled so far
 *
 * With none filled, it only reports the interface's state.
 *
 * Return: 0: it has taken them all; -EAGAIN: it will take the others when the
 * socket is writable; another negative errno: it will not, see
 * nic_packet_discard() (-ENETDOWN: the interface is down, -ENXIO: it is gone).
 */
int nic_packet_kick(struct nic_packet *n);

/**
 * nic_packet_discard - empty the slots that the kernel has not taken
 *
 * Return: how many they were.
 */
unsigned int nic_packet_discard(struct nic_packet *n);

#endif
