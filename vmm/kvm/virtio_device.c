/* SPDX-License-Identifier: BSD-2-Clause */
/* What all virtio devices of a guest have: see virtio_device.h. */
#include "vmm/kvm/virtio_device.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "virt/cache.h"

int virtio_device_begin(struct virtio_device *d, const struct guest_region *ram,
			struct error *err)
{
	d->memory.n = 1;
	d->memory.region[0] = *ram;
	d->irq = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return d->irq < 0 ? error_errno(err, "cannot make an eventfd") : 0;
}

int virtio_device_show(struct virtio_device *d, struct error *err)
{
	void *page = mmap(NULL, MMIO_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return error_errno(err, "no memory for a device");
	d->shown = page;
	return 0;
}

/* The guest maps the page as a device's, past the caches. */
static void clean(const struct virtio_device *d)
{
	if (d->shown == NULL)
		return;
	cache_clean(d->shown, MMIO_SIZE);
	cache_sync();
}

void virtio_device_init(struct virtio_device *d)
{
	pthread_mutex_init(&d->lock, NULL);
	d->mmio.memory = &d->memory;
	d->mmio.page = d->shown != NULL ? d->shown : d->page;
	d->mmio.ctx = d;
	mmio_init(&d->mmio);
}

int virtio_device_plug(struct virtio_device *d, struct vm *vm, uint64_t base,
		       uint32_t spi, struct error *err)
{
	const struct vm_range range = {
		.base = base,
		.size = MMIO_SIZE,
		.read = virtio_device_read,
		.write = virtio_device_write,
		.ctx = d,
	};

	clean(d);
	if (vm_trap(vm, &range, err) != 0)
		return -1;
	if (d->shown != NULL &&
	    vm_memory(vm, base, d->shown, MMIO_SIZE, true, err) != 0)
		return -1;
	return vm_interrupt(vm, spi, d->irq, err);
}

void virtio_device_lock(struct virtio_device *d)
{
	pthread_mutex_lock(&d->lock);
}

void virtio_device_unlock(struct virtio_device *d)
{
	clean(d);
	pthread_mutex_unlock(&d->lock);
}

/* A part of a page that is shown that the guest cannot read does not exist. */
void virtio_device_read(void *device, uint64_t offset, void *data,
			unsigned int len)
{
	struct virtio_device *d = device;

	pthread_mutex_lock(&d->lock);
	mmio_read(&d->mmio, offset, data, len);
	pthread_mutex_unlock(&d->lock);
}

void virtio_device_write(void *device, uint64_t offset, const void *data,
			 unsigned int len)
{
	struct virtio_device *d = device;

	pthread_mutex_lock(&d->lock);
	mmio_write(&d->mmio, offset, data, len);
	virtio_device_unlock(d);
}

/* What it is interrupted for can be read before it is. */
void virtio_device_interrupt(void *device)
{
	const struct virtio_device *d = device;
	const uint64_t one = 1;

	clean(d);
	(void)!write(d->irq, &one, sizeof(one));
}
