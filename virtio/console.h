/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio console of one port, without its transport (virtio 1.2, section 5.3).
 *
 * Text is a stream of bytes either way: what the guest writes comes out in
 * portions of any size, what is written to it goes into whatever buffers it has
 * put there.  A buffer may be as long as memory and cost one descriptor; so the
 * caller bounds its work in bytes, and a buffer is read over several calls.
 */
#ifndef WEIR_VIRTIO_CONSOLE_H
#define WEIR_VIRTIO_CONSOLE_H

#include "virtio/vq.h"

/* Its queues. */
#define CONSOLE_RX 0u
#define CONSOLE_TX 1u
#define CONSOLE_QUEUES 2u

/* Features of rings that it can do with, and that it knows its size. */
#define CONSOLE_RINGS                                                          \
	(VQ_F_VERSION_1 | VQ_F_INDIRECT | VQ_F_EVENT | VQ_F_PACKED |           \
	 VQ_F_IN_ORDER)
#define CONSOLE_F_SIZE (1ull << 0)

/* Where the size is in the configuration: two words, columns and rows. */
#define CONSOLE_CONFIG_SIZE 0u

/**
 * struct virtio_console - a console; all zero at first
 * @rx, @tx: the guest's queues for receiving and sending, or NULL: not now;
 *           by virtio_console_begin() and virtio_console_end()
 * @chain:   what the guest sends, taken and not yet given back
 * @from:    what is left of it
 * @open:    there is one
 * @buffer:  what it receives into
 */
struct virtio_console {
	struct vq *rx;
	struct vq *tx;
	struct vq_chain chain;
	struct vq_cursor from;
	bool open;
	struct vq_chain buffer;
};

/**
 * virtio_console_begin, virtio_console_end - a queue works, does not any more
 * @queue: CONSOLE_RX or CONSOLE_TX
 * @vq:    it, just started; it stays until the end
 *
 * It begins armed.
 */
void virtio_console_begin(struct virtio_console *c, unsigned int queue,
			  struct vq *vq);
void virtio_console_end(struct virtio_console *c, unsigned int queue);

/**
 * virtio_console_take - what the guest has written
 * @text: out: bytes
 * @room: at most so many, more than 0
 *
 * At most one of the guest's buffers is looked at.
 *
 * Return: bytes, or -1: the queue is at fault, or 0: virtio_console_arm() says
 * whether there is more (a buffer can be one with nothing to read).
 */
int virtio_console_take(struct virtio_console *c, uint8_t *text, uint32_t room);

/**
 * virtio_console_put - text for the guest
 * @text: bytes
 * @len:  how many
 *
 * Return: for how many the guest had room, or -1: the queue is at fault.
 */
int virtio_console_put(struct virtio_console *c, const uint8_t *text,
		       uint32_t len);

/**
 * virtio_console_publish - let the guest see what was done since the last call
 *
 * Return: whether it wants an interrupt.
 */
bool virtio_console_publish(struct virtio_console *c);

/**
 * virtio_console_arm - about to sleep
 * @room: be told of room for text, too
 *
 * Return: there is something to do already, and both queues are disarmed.
 */
bool virtio_console_arm(struct virtio_console *c, bool room);

#endif
