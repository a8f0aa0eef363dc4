/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio source of random bytes, without its transport: see rng.h. */
#include "virtio/rng.h"

int virtio_rng_put(struct vq *vq, struct vq_chain *chain, const uint8_t *bytes,
		   uint32_t len)
{
	int taken = vq_take(vq, chain);
	struct vq_cursor to;
	uint32_t n;

	if (taken <= 0)
		return taken;
	to = vq_writer(chain);
	n = vq_write(&to, bytes, len);
	vq_give(vq, chain->id, chain->slots, n);
	return (int)n;
}
