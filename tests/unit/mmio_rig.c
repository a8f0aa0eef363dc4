/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/mmio_rig.h"

struct mmio_rig mr;

static bool agree(void *ctx, uint64_t features)
{
	assert_ptr_equal(ctx, &mr);
	return !(features & MR_REFUSED);
}

/* What begins was checked, and nothing begins or ends twice. */
static void begin(void *ctx, unsigned int queue)
{
	const struct mmio_queue *q = &mr.m.queue[queue];

	assert_ptr_equal(ctx, &mr);
	assert_in_range(queue, 0, MR_QUEUES - 1);
	assert_false(mr.on & 1u << queue);
	assert_true(mmio_running(&mr.m));
	assert_true(q->ready);
	assert_in_range(q->config.size, 1, MR_LONGEST);
	assert_int_equal(q->config.features, mr.m.agreed);
	assert_int_equal(q->vq.size, q->config.size);
	assert_ptr_equal(q->vq.desc,
			 guest_memory_at(&mr.memory, q->config.desc, 1, true));
	mr.on |= 1u << queue;
	mr.began++;
}

static void end(void *ctx, unsigned int queue)
{
	assert_ptr_equal(ctx, &mr);
	assert_in_range(queue, 0, MR_QUEUES - 1);
	assert_true(mr.on & 1u << queue);
	/* Its set-up is still there. */
	assert_in_range(mr.m.queue[queue].config.size, 1, MR_LONGEST);
	mr.on &= ~(1u << queue);
	mr.ended++;
}

static void notify(void *ctx, unsigned int queue)
{
	assert_ptr_equal(ctx, &mr);
	assert_true(mr.on & 1u << queue);
	mr.notified[queue]++;
}

static void interrupt(void *ctx)
{
	assert_ptr_equal(ctx, &mr);
	mr.interrupts++;
}

static const struct mmio_ops ops = { agree, begin, end, notify, interrupt };

int mr_begin(void **state)
{
	const struct guest_region ram = { MR_BASE, MR_SIZE, mr.ram, true };

	(void)state;
	memset(&mr, 0, sizeof(mr));
	assert_int_equal(guest_memory_add(&mr.memory, &ram), GUEST_ADDED);
	mr.m = (struct mmio){
		.device = 42,
		.offers = MR_OFFERS | MR_REFUSED,
		.queues = MR_QUEUES,
		.longest = MR_LONGEST,
		.memory = &mr.memory,
		.page = mr.page,
		.ops = &ops,
		.ctx = &mr,
	};
	mmio_init(&mr.m);
	return 0;
}

uint32_t mr_read(uint64_t offset)
{
	uint32_t value;

	mmio_read(&mr.m, offset, &value, sizeof(value));
	return value;
}

void mr_write(uint64_t offset, uint32_t value)
{
	mmio_write(&mr.m, offset, &value, sizeof(value));
}

void mr_negotiate(uint64_t features)
{
	mr_write(VIRTIO_MMIO_STATUS, 0);
	mr_write(VIRTIO_MMIO_STATUS, 1);
	mr_write(VIRTIO_MMIO_STATUS, 3);
	for (uint32_t page = 0; page < 2; page++) {
		mr_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, page);
		mr_write(VIRTIO_MMIO_DRIVER_FEATURES,
			 (uint32_t)(features >> 32 * page));
	}
	mr_write(VIRTIO_MMIO_STATUS, 11);
}

uint32_t mr_queue(uint32_t queue, uint32_t size, uint64_t desc, uint64_t driver,
		  uint64_t device)
{
	mr_write(VIRTIO_MMIO_QUEUE_SEL, queue);
	mr_write(VIRTIO_MMIO_QUEUE_NUM, size);
	mr_write(VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)desc);
	mr_write(VIRTIO_MMIO_QUEUE_DESC_HIGH, (uint32_t)(desc >> 32));
	mr_write(VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)driver);
	mr_write(VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (uint32_t)(driver >> 32));
	mr_write(VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)device);
	mr_write(VIRTIO_MMIO_QUEUE_USED_HIGH, (uint32_t)(device >> 32));
	mr_write(VIRTIO_MMIO_QUEUE_READY, 1);
	return mr_read(VIRTIO_MMIO_QUEUE_READY);
}

void mr_start(uint64_t features)
{
	mr_negotiate(features);
	assert_int_equal(mr_queue(0, 16, MR_DESC, MR_DRIVER, MR_DEVICE), 1);
	assert_int_equal(mr_queue(2, 16, MR_DESC, MR_DRIVER, MR_DEVICE), 1);
	mr_write(VIRTIO_MMIO_STATUS, 15);
}
