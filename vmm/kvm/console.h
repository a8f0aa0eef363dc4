/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A console for the guest: virtio-mmio, version 1 of virtio, one port.
 *
 * What the guest writes is cut into lines; nothing is ever sent to it.
 * Registers are used only while it starts: text is queued in guest memory, and
 * the doorbell is an eventfd.
 *
 * Registers are accessed by the vCPU's thread, the queue is served by the event
 * loop; a lock keeps a reset and the service of a queue apart.
 *
 * The guest is not trusted: see console_work().
 */
#ifndef WEIR_VMM_KVM_CONSOLE_H
#define WEIR_VMM_KVM_CONSOLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/vq.h"

/* Offset of the doorbell in the registers, for vm_doorbell(). */
#define CONSOLE_DOORBELL 0x50u
/* Descriptors of a queue. */
#define CONSOLE_QUEUE_MAX 64u
/* Characters of a line; longer ones are cut. */
#define CONSOLE_LINE 160u
/* Bytes taken from one chain; the rest of a longer one is dropped. */
#define CONSOLE_CHAIN_MAX 4096u

/* What the driver has said of a queue. */
struct console_queue {
	/* it was found usable, and stays as it is */
	bool ready;
	uint32_t num;		    /* descriptors */
	uint64_t desc, avail, used; /* guest-physical addresses */
};

/* State of a console. */
struct console {
	pthread_mutex_t lock; /* for everything from @status to @chain */
	struct guest_memory memory;
	int irq; /* eventfd of the interrupt (edge) */
	/* gets a line without newline, control characters included */
	void (*say)(void *ctx, const char *line);
	void *ctx;	 /* for @say */
	uint32_t status; /* device status, as in virtio */
	uint32_t isr;	 /* interrupt status */
	uint32_t feature_page, driver_page, select; /* selectors */
	uint64_t driver;	       /* features the driver has chosen */
	struct console_queue queue[2]; /* 0 receives, 1 transmits */
	struct vq transmit;	       /* valid if its queue is ready */
	struct vq_chain chain;
	/* a line without its end yet */
	char line[CONSOLE_LINE + 1];
	size_t used;
};

/**
 * console_init - make a console
 * @c: @memory, @irq, @say, @ctx are set, the rest zero
 */
void console_init(struct console *c);

/**
 * console_read, console_write - accesses to the registers, by the guest; for
 * struct vm_range
 */
void console_read(void *console, uint64_t offset, void *data, unsigned int len);
void console_write(void *console, uint64_t offset, const void *data,
		   unsigned int len);

/**
 * console_work - take what the guest has written
 *
 * A bounded amount: at most one queue's worth of chains, CONSOLE_CHAIN_MAX
 * bytes of each.  A fault of the queue (virtio/vq.h) stops the device until the
 * guest resets it, as virtio specifies.
 *
 * Return: true if there may be more.
 */
bool console_work(struct console *c);

/** console_flush - log an unfinished line */
void console_flush(struct console *c);

#endif
