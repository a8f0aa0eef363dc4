/* SPDX-License-Identifier: BSD-2-Clause */
/* A source of random bytes: see rng_device.h. */
#include "vmm/kvm/rng_device.h"

#include <linux/virtio_ids.h>
#include <sys/random.h>

#include "virtio/rng.h"

/*
 * Fill what the guest has put there.  It is told only after it was asked to
 * ring again: what it adds in between would be found by nobody.
 */
static void notify(void *ctx, unsigned int queue)
{
	struct rng_device *d = virtio_owner(ctx, struct rng_device);
	struct vq *vq = &d->dev.mmio.queue[queue].vq;
	uint8_t bytes[RNG_PORTION];
	int n = 0;

	for (unsigned int i = 0; i < RNG_PORTIONS; i++) {
		if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) !=
		    (ssize_t)sizeof(bytes))
			break;
		n = virtio_rng_put(vq, &d->chain, bytes, sizeof(bytes));
		if (n < 0 || (n == 0 && !vq_arm(vq)))
			break;
	}
	vq_publish(vq);
	if (vq_must_notify(vq))
		mmio_raise(&d->dev.mmio);
	if (n < 0)
		mmio_fail(&d->dev.mmio);
}

static void begin(void *ctx, unsigned int queue)
{
	struct rng_device *d = virtio_owner(ctx, struct rng_device);

	vq_arm(&d->dev.mmio.queue[queue].vq);
}

static void end(void *ctx, unsigned int queue)
{
	(void)ctx;
	(void)queue;
}

static const struct mmio_ops ops = {
	.begin = begin,
	.end = end,
	.notify = notify,
	.interrupt = virtio_device_interrupt,
};

int rng_device_make(struct rng_device *d, const struct guest_region *ram,
		    struct error *err)
{
	if (virtio_device_begin(&d->dev, ram, err) != 0)
		return -1;
	d->dev.mmio = (struct mmio){
		.device = VIRTIO_ID_RNG,
		.offers = RNG_RINGS,
		.queues = 1,
		.longest = RNG_SLOTS,
		.ops = &ops,
	};
	virtio_device_init(&d->dev);
	return 0;
}
