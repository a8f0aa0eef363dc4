/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text that comes from a guest's console.
 */
#include "vmm/kvm/console.h"

#include <linux/virtio_ids.h>

/* --- the device --------------------------------------------------------- */

static void begin(void *ctx, unsigned int queue)
{
	struct console *c = virtio_owner(ctx, struct console);

	virtio_console_begin(&c->device, queue, &c->dev.mmio.queue[queue].vq);
}

static void end(void *ctx, unsigned int queue)
{
	struct console *c = virtio_owner(ctx, struct console);

	virtio_console_end(&c->device, queue);
}

static const struct mmio_ops ops = {
	.begin = begin,
	.end = end,
	.interrupt = virtio_device_interrupt,
};

void console_init(struct console *c)
{
	c->dev.mmio = (struct mmio){
		.device = VIRTIO_ID_CONSOLE,
		.offers = CONSOLE_RINGS,
		.queues = CONSOLE_QUEUES,
		.longest = CONSOLE_QUEUE_MAX,
		.ops = &ops,
	};
	virtio_device_init(&c->dev);
}

/* --- text --------------------------------------------------------------- */

void console_flush(struct console *c)
{
	if (c->used == 0)
		return;
	c->line[c->used] = '\0';
	c->used = 0;
	c->say(c->ctx, c->line);
}

static void take(struct console *c, const uint8_t *text, size_t len)
{
	if (c->copy != NULL)
		c->copy(c->copy_ctx, text, len);
	for (size_t i = 0; i < len; i++) {
		char byte = (char)text[i];

		if (byte == '\n') {
			console_flush(c);
			continue;
		}
		/* A NUL would cut the line short. */
		if (byte == '\r' || byte == '\0')
			continue;
		c->line[c->used++] = byte;
		if (c->used == CONSOLE_LINE)
			console_flush(c);
	}
}

/* Tell the guest what was done, and whether it broke a rule. */
static void settle(struct console *c, bool fault)
{
	if (virtio_console_publish(&c->device))
		mmio_raise(&c->dev.mmio);
	if (fault)
		mmio_fail(&c->dev.mmio);
}

static bool work_locked(struct console *c)
{
	uint8_t text[CONSOLE_PORTION];
	int n = 1;

	for (unsigned int i = 0; n > 0 && i < CONSOLE_PORTIONS; i++) {
		n = virtio_console_take(&c->device, text, sizeof(text));
		if (n > 0)
			take(c, text, (size_t)n);
	}
	settle(c, n < 0);
	return virtio_console_arm(&c->device, c->waits);
}

bool console_work(struct console *c)
{
	bool more;

	virtio_device_lock(&c->dev);
	more = work_locked(c);
	virtio_device_unlock(&c->dev);
	return more;
}

size_t console_put(struct console *c, const uint8_t *text, size_t len)
{
	int n;

	virtio_device_lock(&c->dev);
	n = virtio_console_put(&c->device, text, (uint32_t)len);
	settle(c, n < 0);
	virtio_device_unlock(&c->dev);
	return n < 0 ? 0 : (size_t)n;
}
