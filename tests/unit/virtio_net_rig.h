/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network card and its guest: two rings, each in memory of its own.
 */
#ifndef WEIR_TESTS_UNIT_VIRTIO_NET_RIG_H
#define WEIR_TESTS_UNIT_VIRTIO_NET_RIG_H

#include "tests/unit/segment_rig.h"
#include "tests/unit/vq_rig.h"

#include "base/vnet_header.h"
#include "virtio/net.h"

#define SLOTS VR_SLOTS
#define DATA (VR_BASE + VR_DATA)
#define DATA_SIZE (VR_SIZE - VR_DATA)

#define OFFLOADS                                                               \
	(NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_HOST_TSO4 | NET_F_HOST_TSO6 |   \
	 NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6)

/* The guest's rings, the card, and room for frames. */
extern struct vq_rig vn_rx, vn_tx;
extern struct virtio_net vn;
extern uint8_t vn_want[SEG_MAX], vn_got[SEG_MAX];

/* Rings of @slots, as @way says; @features beside VQ_F_VERSION_1. */
void vn_begin(unsigned int way, unsigned int slots, uint64_t features);
void vn_end(void);

/* Bytes that depend on @seed. */
void vn_fill(uint8_t *to, uint32_t n, unsigned int seed);

/* The guest sends what is at the start of its data, in these pieces. */
void vn_send(const uint32_t *piece, unsigned int n, unsigned int way);

/* A header and a frame, in one piece. */
void vn_send_frame(const struct vnet_header *h, const uint8_t *frame,
		   uint32_t len);

/* Take what it sends, one frame: to a buffer of @room bytes; to @vn_got. */
enum net_result vn_take_to(uint8_t *frame, uint32_t room, uint32_t *len,
			   struct offload *o);
enum net_result vn_take(uint32_t *len, struct offload *o);

/* The card passes one frame on; NET_DROPPED: it was dropped. */
enum net_result vn_put(uint8_t *frame, uint32_t len, struct offload o);

/* The guest gets one chain back, of its transmit ring. */
void vn_assert_sent(void);

/* The guest offers buffers of @size bytes each, from @from on. */
void vn_offer(unsigned int count, uint32_t size, unsigned int from,
	      unsigned int way);

/* What the guest has received, in all buffers it got back. Return: how many. */
unsigned int vn_received(uint8_t *to, uint32_t *len, uint32_t size,
			 unsigned int first);

/* How many buffers a received header says there are. */
uint16_t vn_buffers(const uint8_t *header);

#endif
