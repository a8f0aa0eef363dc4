/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames between a network card and two queue pairs.
 *
 *	              net_packet.c        net.c             the other side
 *	  card  --->  receive slots  ---copy--->  rx active  --->
 *	                                          rx free    <---
 *	  card  <---  transmit slots <---copy---  tx active  <---
 *	                                          tx free    --->
 *
 * We are the driver of virt/net_virt.h with plain offsets.  A card is a struct
 * net_card: net_packet.c implements one with AF_PACKET's rings, net_socket.c a
 * simple one.
 *
 *  - Frames go in batches of NET_BATCH.  A batch is published once each way,
 *    with at most one doorbell, none if the other side is awake.  The only
 *    system call while there is work is the card's, one per batch to be sent.
 *  - Neither side waits for the other, and nothing is lost
 *    unnecessarily.  Without an empty buffer, received frames stay in the
 *    card's slots; the loop stops watching the card, asks for a notification on
 *    rx free (only then: otherwise each batch the other side takes would wake
 *    us) and sleeps.  What does not fit into the slots is dropped by the card,
 *    and counted.
 *  - Without a slot to send them in, frames stay on tx active.
 *  - Segments (base/offload.h) go whole where the other side has them: a
 *    received one is read from the card straight into a buffer, one to be sent
 *    takes a system call of its own.  Other frames leave complete.
 *  - While the link is down received frames are dropped; without a carrier, so
 *    are those to be sent.
 *
 * Whatever is read from a queue is checked.  An impossible descriptor is
 * counted and returned; an impossible index ends the use of the queues until
 * the link comes up again.  The program neither exits nor spins for it.
 *
 * net.c makes no system calls, so it can be tested anywhere.
 */
#ifndef WEIR_DRIVER_VM_NET_H
#define WEIR_DRIVER_VM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virt/driver_abi.h"
#include "driver_vm/copy.h"
#include "base/link.h"
#include "base/queue.h"

/* Frames moved each way per net_run(). */
#define NET_BATCH 64u

/* A received frame, in one of the card's slots. */
struct net_frame {
	/* with its VLAN tag; NULL: it is to be read */
	const uint8_t *data;
	uint32_t len; /* bytes; 0: a frame that could not be made complete */
	struct offload offload; /* what is left to do */
};

struct net_card;

/**
 * struct net_card_ops - what a card can do
 * @receive:  look at the oldest received frames, at most NET_BATCH, the same
 *            ones until they are given back.  Return: how many there are
 * @read:     read a frame that @receive() has found without @data, once and in
 *            order, to memory for the longest segment, or NULL: nowhere.
 *            Return: whether it is a frame
 * @received: give the slots of the @count oldest back
 * @slots:    the next slots for frames to be sent, at most @max, each for the
 *            longest frame there is.  Return: how many there are
 * @send:     send what is in the @count next slots, of these lengths.  Some of
 *            them later, if the card clears its @writable
 * @segment:  send a segment, after all that was sent before.  Return: false if
 *            it cannot be now; @writable is cleared then
 * @watch:    choose what wakes the loop: received frames, room for frames
 */
struct net_card_ops {
	unsigned int (*receive)(struct net_card *card,
				const struct net_frame **frame);
	bool (*read)(struct net_card *card, unsigned int index, uint8_t *to,
		     struct net_frame *frame);
	void (*received)(struct net_card *card, unsigned int count);
	unsigned int (*slots)(struct net_card *card, uint8_t **slot,
			      unsigned int max);
	void (*send)(struct net_card *card, const uint16_t *len,
		     unsigned int count);
	bool (*segment)(struct net_card *card, const uint8_t *data, size_t len,
			struct offload o);
	void (*watch)(struct net_card *card, bool in, bool out);
};

/* A card; embedded in its owner. */
struct net_card {
	const struct net_card_ops *ops; /* of the owner */
	uint32_t mtu;			/* of its interface, set by the owner */
	/* there may be slots; the owner sets it when there is room again */
	bool writable;
	uint64_t lost;	 /* received frames there was no slot for */
	uint64_t failed; /* frames that could not be sent */
};

/* Its parts; for the shared memory see virt/driver_abi.h. */
struct net_config {
	struct net_queue *rx_active, *rx_free, *tx_active, *tx_free;
	uint32_t capacity; /* slots of each */
	uint8_t *receive;  /* data region of rx */
	size_t receive_size;
	const uint8_t *transmit; /* data region of tx */
	size_t transmit_size;
	uint32_t buffer_size; /* bytes of a buffer, a power of two */
	uint32_t max_frame;   /* bytes of the longest frame */
	/* bytes of the longest segment; 0: no offload data, no segments */
	uint32_t max_segment;
	const struct link_page *link;
	volatile struct driver_status *status;
	volatile void *doorbells; /* may be rung at any time */
	const struct copy *copy;  /* for the data regions */
	struct net_card *card;
};

/* As in struct driver_status. */
struct net_counters {
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t rx_no_buffer;
	uint64_t rx_refused;
	uint64_t tx_failed;
	uint64_t bad_descriptors;
	uint64_t doorbells;
	uint64_t copied;
};

/* State, private to net.c. */
struct net {
	struct net_config config;
	/* our halves of the queues */
	struct queue_producer rx_active, tx_free;
	struct queue_consumer rx_free, tx_active;
	uint32_t epoch; /* of the link, acted on */
	bool up;	/* the queues may be touched */
	bool carrier;	/* of the card */
	bool starved;	/* frames wait for an empty buffer */
	bool armed;	/* the other side was asked to notify */
	/* descriptors were handed over and the doorbell not yet rung */
	bool rx_published, tx_published;
	uint32_t beats; /* value of the status page's @beat */
	struct net_counters count;
};

/**
 * net_init - initialise; touches no shared memory
 *
 * Return: 0, or -EINVAL if the sizes are impossible.
 */
int net_init(struct net *n, const struct net_config *config);

/**
 * net_ready - report that the card is ready; after net_carrier()
 * @mac: six bytes
 * @mtu: of the card's interface
 */
void net_ready(struct net *n, const uint8_t *mac, uint32_t mtu);

/** net_carrier - report whether the card has a carrier; rings at a change */
void net_carrier(struct net *n, bool carrier);

/**
 * net_run - move at most a batch each way
 *
 * Return: whether there may be more.
 */
bool net_run(struct net *n);

/**
 * net_arm - before the loop sleeps: arm the queues and the card
 *
 * Return: whether there is something to do after all.
 */
bool net_arm(struct net *n);

/**
 * net_report - write the counters and the beat to the status page
 * @wakeups, @syscalls, @interrupts: of the loop
 */
void net_report(struct net *n, uint64_t wakeups, uint64_t syscalls,
		uint64_t interrupts);

#endif
