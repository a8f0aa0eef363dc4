/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio source of random bytes, without its transport (virtio 1.2, section
 * 5.4): one queue of buffers to be filled.  It has no features but the rings',
 * and no configuration.
 */
#ifndef WEIR_VIRTIO_RNG_H
#define WEIR_VIRTIO_RNG_H

#include "virtio/vq.h"

/* Features of rings that it can do with. */
#define RNG_RINGS                                                              \
	(VQ_F_VERSION_1 | VQ_F_INDIRECT | VQ_F_EVENT | VQ_F_PACKED |           \
	 VQ_F_IN_ORDER)

/**
 * virtio_rng_put - random bytes for the guest
 * @vq:    its queue
 * @chain: scratch
 * @bytes: unpredictable, and used for nothing else
 * @len:   how many
 *
 * At most one of the guest's buffers is filled, a longer one in part, as virtio
 * allows: the guest asks again.  What was not used can be given at the next
 * call.  vq_publish(), vq_must_notify() and vq_arm() are the caller's to call.
 *
 * Return: bytes that were used, or -1: the queue is at fault, or 0: vq_arm() says
 * whether there is more to do.
 */
int virtio_rng_put(struct vq *vq, struct vq_chain *chain, const uint8_t *bytes,
		   uint32_t len);

#endif
