/* SPDX-License-Identifier: BSD-2-Clause */
/* A source of random bytes: see rng_device.h. */
#include "vmm/kvm/rng_device.h"

#include <linux/virtio_ids.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "virtio/rng.h"
#include "vmm/kvm/layout.h"

static void interrupt(void *ctx)
{
	const struct rng_device *d = ctx;
	const uint64_t one = 1;

	(void)!write(d->irq, &one, sizeof(one));
}

/*
 * Fill what the guest has put there.  It is told only after it was asked to
 * ring again: what it adds in between would be found by nobody.
 */
static void notify(void *ctx, unsigned int queue)
{
	struct rng_device *d = ctx;
	struct vq *vq = &d->mmio.queue[queue].vq;
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
		mmio_raise(&d->mmio);
	if (n < 0)
		mmio_fail(&d->mmio);
}

static void begin(void *ctx, unsigned int queue)
{
	struct rng_device *d = ctx;

	vq_arm(&d->mmio.queue[queue].vq);
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
	.interrupt = interrupt,
};

static void read_register(void *device, uint64_t offset, void *data,
			  unsigned int len)
{
	struct rng_device *d = device;

	pthread_mutex_lock(&d->lock);
	mmio_read(&d->mmio, offset, data, len);
	pthread_mutex_unlock(&d->lock);
}

static void write_register(void *device, uint64_t offset, const void *data,
			   unsigned int len)
{
	struct rng_device *d = device;

	pthread_mutex_lock(&d->lock);
	mmio_write(&d->mmio, offset, data, len);
	pthread_mutex_unlock(&d->lock);
}

int rng_device_make(struct rng_device *d, struct vm *vm, unsigned int number,
		    const struct guest_region *ram, struct error *err)
{
	const struct vm_range range = {
		.base = LAYOUT_VIRTIO + number * LAYOUT_VIRTIO_SIZE,
		.size = LAYOUT_VIRTIO_SIZE,
		.read = read_register,
		.write = write_register,
		.ctx = d,
	};

	pthread_mutex_init(&d->lock, NULL);
	d->irq = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->irq < 0)
		return error_errno(err, "cannot make an eventfd");
	d->memory.n = 1;
	d->memory.region[0] = *ram;
	d->mmio = (struct mmio){
		.device = VIRTIO_ID_RNG,
		.offers = RNG_RINGS,
		.queues = 1,
		.longest = RNG_SLOTS,
		.memory = &d->memory,
		.page = d->page,
		.ops = &ops,
		.ctx = d,
	};
	mmio_init(&d->mmio);
	if (vm_trap(vm, &range, err) != 0)
		return -1;
	return vm_interrupt(vm, LAYOUT_SPI_VIRTIO + number, d->irq, err);
}
