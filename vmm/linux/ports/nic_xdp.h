/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_XDP for the nic port (`xdp`): frames leave the interface before the host's
 * stack makes packets of them.
 *
 *	           XDP program          UMEM: one memfd
 *	  card ->  redirects    ->  receive ring ->  nic_xdp_peek()
 *	  queue    to its socket    fill ring    <-  nic_xdp_done()
 *
 *	  card <-  queue 0          transmit ring   <-  nic_xdp_put(), _kick()
 *	                            completion ring ->
 *
 * Who makes what.  The monitor makes, each time the PD is started, a memfd for
 * the frames (the UMEM), a socket for each queue of the interface, bound, and
 * the program with its map, attached by a BPF link (nic_xdp_open.c).  It hands
 * over the memfd, the link and the sockets, and keeps none.  The PD maps memory
 * and rings in init().  Behind its filter it needs no calls but those of the
 * packet sockets: an empty write() sends, a read() asks for frames.  It has no
 * capability, cannot load, attach or bind anything, and can send on this
 * interface only.  What is in the memfd is the PD's and the kernel's alone.
 *
 * Who removes it.  The PD's descriptors are the only ones.  However it ends,
 * the kernel detaches the program and unbinds the sockets, and a PD does not
 * outlive the monitor.  Nothing is pinned.
 *
 * When it is used.  Only if the topology says `xdp`: the host's own stack does
 * not see such an interface's frames, queueing disciplines do not see what is
 * sent, and TCP arrives in single frames.  AF_PACKET, which has none of these
 * effects, is used instead where AF_XDP cannot be had or would lose something:
 * nic_xdp_open.c has the list, the reason is logged, and `weir show ports` says
 * which of the two it is.
 *
 * All queues of an interface are served, because the card chooses one for each
 * flow.  Frames are sent through the first, so that their order is kept.
 *
 * Copies.  The driver writes straight into the UMEM if it can (zero-copy), else
 * the kernel copies each frame once.  The PD copies it into a buffer of the
 * switch, as it does from a packet ring.
 *
 * Checksums.  AF_XDP does not say that a sender on this machine has left a
 * checksum to hardware; the frame itself does (partial.h).
 *
 * The kernel gives addresses in the UMEM back.  Each is checked: it must be of
 * a frame that the kernel has.
 */
#ifndef WEIR_VMM_LINUX_PORTS_NIC_XDP_H
#define WEIR_VMM_LINUX_PORTS_NIC_XDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xdp/xsk.h>

#include "base/abi.h"
#include "hostnet/nic_packet.h"
#include "vmm/linux/error.h"

/* Descriptors behind the packet sockets' (open.h). */
enum { XDP_MEMORY, XDP_LINK, XDP_QUEUE };

/* Queues of an interface that can be served. */
#define XDP_QUEUES 32u
/* Frames of a queue for receiving; of the first for sending. */
#define XDP_RX_FRAMES 1024u
#define XDP_TX_FRAMES 1024u
/* What the kernel keeps free in front of a received frame. */
#define XDP_HEADROOM 256u
/* Bytes of a frame's chunk, by the longest frame there can be. */
#define XDP_CHUNK 2048u
#define XDP_CHUNK_MAX 4096u

#define XDP_UMEM_FRAMES (XDP_RX_FRAMES + XDP_TX_FRAMES)

/* Bytes of a queue's UMEM, and where it begins in the memfd. */
static inline size_t xdp_umem_size(uint32_t chunk, unsigned int queue)
{
	return (size_t)chunk * (queue == 0 ? XDP_UMEM_FRAMES : XDP_RX_FRAMES);
}

static inline size_t xdp_umem_at(uint32_t chunk, unsigned int queue)
{
	/* A page is the note's. */
	return XDP_CHUNK_MAX + (size_t)chunk * XDP_UMEM_FRAMES * queue;
}

/**
 * struct xdp_note - what the monitor has made, at the start of the memfd
 * @queues:  sockets; 0: none, because of @why
 * @chunk:   bytes of a frame's chunk
 * @zerocopy: the driver writes into the UMEM itself
 * @generic: the program is run by the stack, not by the driver
 * @why:     AF_PACKET must do
 */
struct xdp_note {
	uint32_t queues;
	uint32_t chunk;
	uint32_t zerocopy;
	uint32_t generic;
	char why[ERROR_TEXT];
};

ABI_SIZE(struct xdp_note, 16 + ERROR_TEXT);

/* --- in the PD ---------------------------------------------------------- */

/* A queue of the interface. */
struct xdp_queue {
	int fd;
	struct xsk_ring_cons rx;
	struct xsk_ring_prod fill;
	uint8_t *frames;   /* its UMEM */
	unsigned int done; /* frames given back, not published yet */
	/* by frame: the kernel has it */
	bool lent[XDP_UMEM_FRAMES];
};

struct nic_xdp {
	struct xdp_note note;
	unsigned int at;  /* the queue looked at next */
	uint64_t current; /* the frame of nic_xdp_peek(), of that queue */
	struct xsk_ring_prod tx;
	struct xsk_ring_cons completed;
	unsigned int n_free; /* frames for sending, */
	uint32_t free[XDP_TX_FRAMES];
	uint64_t strange; /* addresses that the kernel cannot have meant */
	size_t mapped;	  /* bytes of all it shares with the kernel */
	struct xdp_queue queue[XDP_QUEUES];
};

/**
 * nic_xdp_init - map memory and rings; for init()
 * @x:  out, zeroed
 * @fd: from nic_xdp_start(), @n of them
 *
 * Return: 0; negative errno.  note.queues is 0 if AF_PACKET must do.
 */
int nic_xdp_init(struct nic_xdp *x, const int *fd, unsigned int n);

/**
 * nic_xdp_peek - the next received frame, of any queue
 * @f: out, until nic_xdp_done()
 *
 * Return: false if there is none.
 */
bool nic_xdp_peek(struct nic_xdp *x, struct nic_frame *f);

/** nic_xdp_done - give that frame back */
void nic_xdp_done(struct nic_xdp *x);

/**
 * nic_xdp_put - put a frame into the transmit ring
 * @len: at most the port's longest
 *
 * Return: false if there is no room.
 */
bool nic_xdp_put(struct nic_xdp *x, const void *data, size_t len);

/**
 * nic_xdp_kick - make the kernel send what is in the ring
 * @lost: out: frames it has taken and dropped
 *
 * Return: 0; -EAGAIN: it will take the rest at another kick; another negative
 * errno: the interface is down or gone, as for nic_packet_kick().
 */
int nic_xdp_kick(struct nic_xdp *x, unsigned int *lost);

#endif
