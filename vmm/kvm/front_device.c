/* SPDX-License-Identifier: BSD-2-Clause */
/* A client VM's device that another process serves: see front_device.h. */
#include "vmm/kvm/front_device.h"

#include <string.h>
#include <sys/eventfd.h>

#include "vmm/kvm/layout.h"

/*
 * What the guest is not offered: only split rings can go on with another
 * process, and bit 30 is the protocol's.
 */
#define NOT_HERE (VQ_F_PACKED | FRONT_F_PROTOCOL)

/* --- queues ------------------------------------------------------------- */

static void begin(void *ctx, unsigned int queue)
{
	struct front_device *d = virtio_owner(ctx, struct front_device);

	front_start(&d->front, queue, &d->dev.mmio.queue[queue].config,
		    d->dev.mmio.agreed & ~d->is.own);
}

static void end(void *ctx, unsigned int queue)
{
	struct front_device *d = virtio_owner(ctx, struct front_device);

	front_stop(&d->front, queue);
}

static const struct mmio_ops ops = {
	.begin = begin,
	.end = end,
	.interrupt = virtio_device_interrupt,
};

/* --- making it ---------------------------------------------------------- */

static int make_doorbells(struct vhost_front *f, struct error *err)
{
	for (unsigned int i = 0; i < f->queues; i++) {
		f->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (f->kick[i] < 0)
			return error_errno(err, "cannot make an eventfd");
	}
	return 0;
}

int front_device_make(struct front_device *d, const struct front_config *config,
		      struct error *err)
{
	d->is = *config;
	if (virtio_device_begin(&d->dev, &config->ram, err) != 0 ||
	    virtio_device_show(&d->dev, err) != 0)
		return -1;
	d->front = (struct vhost_front){
		.fd = -1,
		.ram = config->ram,
		.ram_fd = config->ram_fd,
		.queues = config->queues,
		.answer_s = config->answer_s,
		.config_size = config->config,
		.keeps = config->keeps,
		.inflight = { .fd = -1 },
		.call = d->dev.irq,
	};
	d->dev.mmio = (struct mmio){
		.device = config->device,
		.offers = VQ_F_VERSION_1,
		.queues = config->queues,
		.longest = VQ_MAX_SIZE,
		.direct = MMIO_USED,
		.ops = &ops,
	};
	virtio_device_init(&d->dev);
	return make_doorbells(&d->front, err);
}

/* Doorbells and the interrupt, in the kernel. */
int front_device_plug(struct front_device *d, struct vm *vm,
		      unsigned int number, struct error *err)
{
	uint64_t base = LAYOUT_VIRTIO + number * LAYOUT_VIRTIO_SIZE;
	int unread = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (unread < 0)
		return error_errno(err, "cannot make an eventfd");
	if (virtio_device_plug(&d->dev, vm, base, LAYOUT_SPI_VIRTIO + number,
			       err) != 0)
		return -1;
	for (uint32_t i = 0; i < d->is.queues; i++)
		if (vm_doorbell_of(vm, base + MMIO_NOTIFY, i, d->front.kick[i],
				   err) != 0)
			return -1;
	return vm_doorbell_of(vm, base + MMIO_INTERRUPT_ACK, MMIO_USED, unread,
			      err);
}

/* --- from the event loop ------------------------------------------------ */

/* A guest is told of what has changed, and of nothing else. */
static void describe(struct front_device *d)
{
	uint8_t config[FRONT_CONFIG];

	memcpy(config, d->front.config, sizeof(config));
	if (d->is.adapt != NULL)
		d->is.adapt(d, config);
	if (memcmp(d->dev.mmio.page + MMIO_CONFIG, config, d->is.config) != 0)
		mmio_configure(&d->dev.mmio, 0, config, d->is.config);
}

bool front_device_connect(struct front_device *d, int fd)
{
	bool good;

	virtio_device_lock(&d->dev);
	good = front_connect(&d->front, fd);
	if (good && !d->known)
		d->dev.mmio.offers = (d->front.offers & ~NOT_HERE) | d->is.own;
	if (good && d->is.config > 0)
		describe(d);
	d->known |= good;
	for (unsigned int i = 0; good && i < d->is.queues; i++) {
		if (d->dev.mmio.queue[i].on)
			begin(&d->dev, i);
	}
	virtio_device_unlock(&d->dev);
	return good;
}

bool front_device_connected(struct front_device *d)
{
	bool connected;

	virtio_device_lock(&d->dev);
	connected = d->known;
	virtio_device_unlock(&d->dev);
	return connected;
}
