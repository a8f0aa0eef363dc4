/* SPDX-License-Identifier: BSD-2-Clause */
/* A client VM's network card: see net_device.h. */
#include "vmm/kvm/net_device.h"

#include <linux/virtio_ids.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "virt/cache.h"
#include "virtio/net.h"
#include "vmm/kvm/layout.h"

/* Its configuration (virtio 1.2, section 5.1.4). */
struct config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t pairs;
	uint16_t mtu;
};

#define STATUS_AT 6u
#define LINK_UP 1u

/*
 * What the registers say by themselves; and what the guest is not offered: only
 * split rings can go on with another process, and bit 30 is the protocol's.
 */
#define OWN (NET_F_MAC | NET_F_STATUS | NET_F_MTU)
#define NOT_HERE (VQ_F_PACKED | 1ull << 30)

/* --- queues ----------------------------------------------------------------- */

static uint64_t features_of(const struct net_device *d)
{
	return d->mmio.agreed & ~OWN;
}

static void begin(void *ctx, unsigned int queue)
{
	struct net_device *d = ctx;

	front_start(&d->front, queue, &d->mmio.queue[queue].config,
		    features_of(d));
}

static void end(void *ctx, unsigned int queue)
{
	struct net_device *d = ctx;

	front_stop(&d->front, queue);
}

/* The guest maps the page as a device's, past the caches. */
static void show(const struct net_device *d)
{
	cache_clean(d->page, MMIO_SIZE);
	cache_sync();
}

/* What it is interrupted for can be read before it is. */
static void interrupt(void *ctx)
{
	const struct net_device *d = ctx;
	const uint64_t one = 1;

	show(d);
	(void)!write(d->front.call, &one, sizeof(one));
}

static const struct mmio_ops ops = {
	.begin = begin,
	.end = end,
	.interrupt = interrupt,
};

static void write_register(void *device, uint64_t offset, const void *data,
			   unsigned int len)
{
	struct net_device *d = device;

	pthread_mutex_lock(&d->lock);
	mmio_write(&d->mmio, offset, data, len);
	show(d);
	pthread_mutex_unlock(&d->lock);
}

/* The page answers; a part of it that the guest cannot read does not exist. */
static void read_register(void *device, uint64_t offset, void *data,
			  unsigned int len)
{
	struct net_device *d = device;

	pthread_mutex_lock(&d->lock);
	mmio_read(&d->mmio, offset, data, len);
	pthread_mutex_unlock(&d->lock);
}

/* --- making it -------------------------------------------------------------- */

static int make_eventfds(struct vhost_front *f, struct error *err)
{
	const int flags = EFD_CLOEXEC | EFD_NONBLOCK;

	f->call = eventfd(0, flags);
	for (unsigned int i = 0; i < FRONT_QUEUES; i++) {
		f->kick[i] = eventfd(0, flags);
		if (f->kick[i] < 0)
			return error_errno(err, "cannot make an eventfd");
	}
	return f->call < 0 ? error_errno(err, "cannot make an eventfd") : 0;
}

/* Doorbells and the interrupt, in the kernel. */
static int connect_kernel(struct net_device *d, struct vm *vm,
			  unsigned int number, uint64_t base, struct error *err)
{
	int unread = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (unread < 0)
		return error_errno(err, "cannot make an eventfd");
	for (uint32_t i = 0; i < FRONT_QUEUES; i++)
		if (vm_doorbell_of(vm, base + MMIO_NOTIFY, i, d->front.kick[i],
				   err) != 0)
			return -1;
	if (vm_doorbell_of(vm, base + MMIO_INTERRUPT_ACK, MMIO_USED, unread,
			   err) != 0)
		return -1;
	return vm_interrupt(vm, LAYOUT_SPI_VIRTIO + number, d->front.call, err);
}

static void configure(struct net_device *d, const struct net_device_config *c)
{
	struct config config = { .pairs = 1, .mtu = c->mtu };

	for (unsigned int i = 0; i < 6; i++)
		config.mac[i] = (uint8_t)(c->mac >> (40 - 8 * i));
	mmio_configure(&d->mmio, 0, &config, sizeof(config));
}

int net_device_make(struct net_device *d, struct vm *vm, unsigned int number,
		    const struct net_device_config *config, struct error *err)
{
	uint64_t base = LAYOUT_VIRTIO + number * LAYOUT_VIRTIO_SIZE;
	struct vm_range range = {
		.base = base,
		.size = LAYOUT_VIRTIO_SIZE,
		.read = read_register,
		.write = write_register,
		.ctx = d,
	};

	pthread_mutex_init(&d->lock, NULL);
	d->page = mmap(NULL, MMIO_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (d->page == MAP_FAILED)
		return error_errno(err, "no memory for a device");
	d->memory.n = 1;
	d->memory.region[0] = config->ram;
	d->front.fd = -1;
	d->front.ram = config->ram;
	d->front.ram_fd = config->ram_fd;
	d->mmio = (struct mmio){
		.device = VIRTIO_ID_NET,
		.offers = VQ_F_VERSION_1,
		.queues = FRONT_QUEUES,
		.longest = VQ_MAX_SIZE,
		.direct = MMIO_USED,
		.memory = &d->memory,
		.page = d->page,
		.ops = &ops,
		.ctx = d,
	};
	mmio_init(&d->mmio);
	configure(d, config);
	if (make_eventfds(&d->front, err) != 0 ||
	    vm_trap(vm, &range, err) != 0 ||
	    vm_memory(vm, base, d->page, LAYOUT_VIRTIO_SIZE, true, err) != 0)
		return -1;
	show(d);
	return connect_kernel(d, vm, number, base, err);
}

/* --- from the event loop ----------------------------------------------------- */

static void set_carrier(struct net_device *d, bool up)
{
	const uint16_t status = up ? LINK_UP : 0;

	mmio_configure(&d->mmio, STATUS_AT, &status, sizeof(status));
}

bool net_device_connect(struct net_device *d, int fd)
{
	bool first, good;

	pthread_mutex_lock(&d->lock);
	first = d->front.offers == 0;
	good = front_connect(&d->front, fd);
	if (good && first) {
		d->mmio.offers = (d->front.offers & ~NOT_HERE) | OWN;
		set_carrier(d, false);
	}
	for (unsigned int i = 0; good && i < FRONT_QUEUES; i++) {
		if (d->mmio.queue[i].on)
			begin(d, i);
	}
	show(d);
	pthread_mutex_unlock(&d->lock);
	return good;
}

bool net_device_connected(struct net_device *d)
{
	bool connected;

	pthread_mutex_lock(&d->lock);
	connected = d->front.offers != 0;
	pthread_mutex_unlock(&d->lock);
	return connected;
}

void net_device_carrier(struct net_device *d, bool up)
{
	pthread_mutex_lock(&d->lock);
	if (up != (d->page[MMIO_CONFIG + STATUS_AT] == LINK_UP))
		set_carrier(d, up);
	show(d);
	pthread_mutex_unlock(&d->lock);
}
