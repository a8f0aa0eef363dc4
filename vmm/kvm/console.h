/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A console for the guest: what it writes is cut into lines.  Text can be sent to
 * it as well.
 *
 * Registers (virtio/mmio.h) are used only while it starts: text is queued in
 * guest memory, and the doorbell is an eventfd.  Registers are accessed by the
 * vCPU's thread, the queue is served by the event loop; the device's lock keeps
 * a reset and the service of a queue apart.
 *
 * The guest is not trusted: see console_work().
 */
#ifndef WEIR_VMM_KVM_CONSOLE_H
#define WEIR_VMM_KVM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/console.h"
#include "vmm/kvm/virtio_device.h"

/* Descriptors of a queue. */
#define CONSOLE_QUEUE_MAX 64u
/* Characters of a line; longer ones are cut. */
#define CONSOLE_LINE 160u
/* A visit takes so many portions of so many bytes. */
#define CONSOLE_PORTIONS 64u
#define CONSOLE_PORTION 1024u

/* State of a console. */
struct console {
	struct virtio_device dev;
	/* gets a line without newline, control characters included */
	void (*say)(void *ctx, const char *line);
	void *ctx; /* for @say */
	/* gets all that is written, as it is; NULL: nobody */
	void (*copy)(void *ctx, const uint8_t *text, size_t len);
	void *copy_ctx; /* for @copy */
	bool waits;	/* somebody has text that the guest had no room for */
	struct virtio_console device;
	/* a line without its end yet */
	char line[CONSOLE_LINE + 1];
	size_t used;
};

/**
 * console_init - make a console
 * @c: @dev has been begun, @say, @ctx are set, the rest zero
 */
void console_init(struct console *c);

/**
 * console_work - take what the guest has written
 *
 * A bounded amount.  A fault of the queue (virtio/vq.h) stops the device until
 * the guest resets it, as virtio specifies.
 *
 * Return: true if there may be more.
 */
bool console_work(struct console *c);

/**
 * console_put - send text to the guest
 *
 * Return: for how many bytes it had room.  With @waits set, its making room ends
 * the event loop's sleep.
 */
size_t console_put(struct console *c, const uint8_t *text, size_t len);

/** console_flush - log an unfinished line */
void console_flush(struct console *c);

#endif
