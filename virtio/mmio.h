/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of a virtio device in memory (virtio 1.2, section 4.2).
 *
 * A device of any kind: the owner says which, and what its queues and its
 * configuration are.  This keeps the registers, agrees on features, checks
 * queues before they are used, and tells the owner when one begins and ends.
 *
 * Reading has no side effect.  So what can be read is a page, kept up to date at
 * each write: the owner may answer reads with mmio_read(), or map the page into
 * the guest, read-only, so that reading costs no exit.  Writes are few on the
 * path of data: QueueNotify can be an ioeventfd.  If interrupts come from
 * elsewhere (an irqfd that another process writes), InterruptStatus says always
 * that there was one for a queue (@direct), and an acknowledgement of just that
 * (MMIO_USED) can be an ioeventfd that nobody reads.
 *
 * What may be relied on.  The guest may write anything, anywhere.  A queue that
 * begins lies in the guest's memory and has agreed features, and its set-up does
 * not change until it has ended.  Nothing here locks: the owner does, if several
 * threads call.
 */
#ifndef WEIR_VIRTIO_MMIO_H
#define WEIR_VIRTIO_MMIO_H

#include "virtio/vq.h"

/* The registers and, from MMIO_CONFIG on, the device's configuration. */
#define MMIO_SIZE 0x1000u
#define MMIO_MAGIC 0x000u
#define MMIO_VERSION 0x004u
#define MMIO_DEVICE 0x008u
#define MMIO_VENDOR 0x00cu
#define MMIO_OFFERS 0x010u
#define MMIO_OFFERS_SEL 0x014u
#define MMIO_ACCEPTS 0x020u
#define MMIO_ACCEPTS_SEL 0x024u
#define MMIO_QUEUE_SEL 0x030u
#define MMIO_QUEUE_MAX 0x034u
#define MMIO_QUEUE_SIZE 0x038u
#define MMIO_QUEUE_READY 0x044u
#define MMIO_NOTIFY 0x050u
#define MMIO_INTERRUPT 0x060u
#define MMIO_INTERRUPT_ACK 0x064u
#define MMIO_STATUS 0x070u
#define MMIO_RING_DESC 0x080u
#define MMIO_RING_DRIVER 0x090u
#define MMIO_RING_DEVICE 0x0a0u
#define MMIO_SHM 0x0b0u
#define MMIO_GENERATION 0x0fcu
#define MMIO_CONFIG 0x100u

/* Bits of the status. */
#define MMIO_ACKNOWLEDGE 0x01u
#define MMIO_HAS_DRIVER 0x02u
#define MMIO_DRIVER_OK 0x04u
#define MMIO_FEATURES_OK 0x08u
#define MMIO_NEEDS_RESET 0x40u
#define MMIO_FAILED 0x80u

/* Bits of the interrupt status. */
#define MMIO_USED 1u
#define MMIO_CHANGED 2u

/* Queues of a device at most. */
#define MMIO_QUEUES 8u

/**
 * struct mmio_ops - what the owner is told, each from within mmio_write(),
 * mmio_fail() or mmio_changed()
 * @agree:     may the device work with these features, a part of what was
 *             offered? NULL: with any
 * @begin:     the queue, which can be read in @queue, works from now on
 * @end:       it does not any more; its set-up can still be read
 * @notify:    the driver has written the queue's number; NULL: never told
 * @interrupt: interrupt the driver; the page says why already
 */
struct mmio_ops {
	bool (*agree)(void *ctx, uint64_t features);
	void (*begin)(void *ctx, unsigned int queue);
	void (*end)(void *ctx, unsigned int queue);
	void (*notify)(void *ctx, unsigned int queue);
	void (*interrupt)(void *ctx);
};

/**
 * struct mmio_queue - what the driver has said of a queue
 * @config: its set-up
 * @ready:  the driver has said that it is, and it was found usable
 * @on:     it works
 * @vq:     it, started when it became ready; for owners that serve it
 */
struct mmio_queue {
	struct vq_config config;
	bool ready;
	bool on;
	struct vq vq;
};

/**
 * struct mmio - a device's registers
 * @device:  which kind, as virtio numbers them
 * @offers:  features, VQ_F_VERSION_1 among them
 * @queues:  how many, MMIO_QUEUES at most
 * @longest: slots of a queue, VQ_MAX_SIZE at most
 * @direct:  of MMIO_USED, MMIO_CHANGED: interrupts that mmio_raise() is not
 *           told of
 * @memory:  the guest's
 * @page:    MMIO_SIZE bytes, aligned to 8, for what can be read
 * @ops, @ctx: the owner's
 *
 * All above are the owner's, set before mmio_init(); below, private but for
 * reading.
 *
 * @queue:   queues
 * @agreed:  features, from MMIO_FEATURES_OK on
 * @status:  device status
 * @raised:  interrupt status
 * @generation: of the configuration
 * @offers_page, @agreed_page, @select: selectors
 */
struct mmio {
	uint32_t device;
	uint64_t offers;
	unsigned int queues;
	uint32_t longest;
	uint32_t direct;
	const struct guest_memory *memory;
	uint8_t *page;
	const struct mmio_ops *ops;
	void *ctx;

	struct mmio_queue queue[MMIO_QUEUES];
	uint64_t agreed;
	uint32_t status;
	uint32_t raised;
	uint32_t generation;
	uint32_t offers_page;
	uint32_t agreed_page;
	uint32_t select;
};

/**
 * mmio_init - a device that was just reset, with a configuration of zeros
 */
void mmio_init(struct mmio *m);

/**
 * mmio_read, mmio_write - the guest's accesses
 * @offset: from the beginning of the registers
 * @len:    bytes at @data
 *
 * What lies outside of @m->page reads as zero.  Only aligned words are written.
 */
void mmio_read(const struct mmio *m, uint64_t offset, void *data,
	       unsigned int len);
void mmio_write(struct mmio *m, uint64_t offset, const void *data,
		unsigned int len);

/**
 * mmio_configure - set a field of the configuration
 * @at: from the beginning of the configuration
 *
 * A driver that runs is told.
 */
void mmio_configure(struct mmio *m, uint32_t at, const void *field,
		    uint32_t bytes);

/**
 * mmio_raise - interrupt the driver, for a queue
 */
void mmio_raise(struct mmio *m);

/**
 * mmio_fail - the driver has broken a rule: all queues end, until it resets
 */
void mmio_fail(struct mmio *m);

/** mmio_running - does the driver use the device? */
static inline bool mmio_running(const struct mmio *m)
{
	return (m->status & (MMIO_DRIVER_OK | MMIO_NEEDS_RESET |
			     MMIO_FAILED)) == MMIO_DRIVER_OK;
}

#endif
