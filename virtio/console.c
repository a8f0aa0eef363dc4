/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio console, without its transport: see console.h. */
#include "virtio/console.h"

static struct vq **place(struct virtio_console *c, unsigned int queue)
{
	return queue == CONSOLE_RX ? &c->rx : &c->tx;
}

void virtio_console_begin(struct virtio_console *c, unsigned int queue,
			  struct vq *vq)
{
	*place(c, queue) = vq;
	/* Whoever finds chains in there is told of them, too. */
	vq_arm(vq);
}

void virtio_console_end(struct virtio_console *c, unsigned int queue)
{
	*place(c, queue) = NULL;
	if (queue == CONSOLE_TX)
		c->open = false;
}

/* --- from the guest ----------------------------------------------------- */

/* The next buffer, to be read. */
static int open_next(struct virtio_console *c)
{
	int taken = c->tx == NULL ? 0 : vq_take(c->tx, &c->chain);

	if (taken == 1) {
		c->from = vq_reader(&c->chain);
		c->open = true;
	}
	return taken;
}

int virtio_console_take(struct virtio_console *c, uint8_t *text, uint32_t room)
{
	int taken = c->open ? 1 : open_next(c);
	uint32_t n;

	if (taken <= 0)
		return taken;
	n = vq_read(&c->from, text, room);
	if (c->from.left == 0) {
		vq_give(c->tx, c->chain.id, c->chain.slots, 0);
		c->open = false;
	}
	return (int)n;
}

/* --- to the guest ------------------------------------------------------- */

int virtio_console_put(struct virtio_console *c, const uint8_t *text,
		       uint32_t len)
{
	uint32_t done = 0;

	/* A buffer that has no room is given back like any other. */
	for (unsigned int i = 0; c->rx != NULL && done < len && i < c->rx->size;
	     i++) {
		int taken = vq_take(c->rx, &c->buffer);
		struct vq_cursor to;
		uint32_t n;

		/* A fault is said at the next call, if text went before it. */
		if (taken < 0 && done == 0)
			return -1;
		if (taken <= 0)
			break;
		to = vq_writer(&c->buffer);
		n = vq_write(&to, text + done, len - done);
		vq_give(c->rx, c->buffer.id, c->buffer.slots, n);
		done += n;
	}
	return (int)done;
}

/* --- telling, and being told -------------------------------------------- */

static bool publish(struct vq *vq)
{
	if (vq == NULL)
		return false;
	vq_publish(vq);
	return vq_must_notify(vq);
}

bool virtio_console_publish(struct virtio_console *c)
{
	bool rx = publish(c->rx);

	return publish(c->tx) || rx;
}

bool virtio_console_arm(struct virtio_console *c, bool room)
{
	if (c->open || (c->tx != NULL && vq_arm(c->tx)) ||
	    (room && c->rx != NULL && vq_arm(c->rx))) {
		if (c->tx != NULL)
			vq_disarm(c->tx);
		if (c->rx != NULL)
			vq_disarm(c->rx);
		return true;
	}
	return false;
}
