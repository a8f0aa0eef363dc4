/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text that comes from a guest's console.
 */
#include "vmm/kvm/console.h"

#include <linux/virtio_ids.h>
#include <unistd.h>

/* --- the device ------------------------------------------------------------- */

static void begin(void *ctx, unsigned int queue)
{
	struct console *c = ctx;

	virtio_console_begin(&c->device, queue, &c->mmio.queue[queue].vq);
}

static void end(void *ctx, unsigned int queue)
{
	struct console *c = ctx;

	virtio_console_end(&c->device, queue);
}

static void interrupt(void *ctx)
{
	const struct console *c = ctx;
	const uint64_t one = 1;

	(void)!write(c->irq, &one, sizeof(one));
}

static const struct mmio_ops ops = {
	.begin = begin,
	.end = end,
	.interrupt = interrupt,
};

void console_init(struct console *c)
{
	pthread_mutex_init(&c->lock, NULL);
	c->mmio = (struct mmio){
		.device = VIRTIO_ID_CONSOLE,
		.offers = CONSOLE_RINGS,
		.queues = CONSOLE_QUEUES,
		.longest = CONSOLE_QUEUE_MAX,
		.memory = &c->memory,
		.page = c->page,
		.ops = &ops,
		.ctx = c,
	};
	mmio_init(&c->mmio);
}

void console_read(void *console, uint64_t offset, void *data, unsigned int len)
{
	struct console *c = console;

	pthread_mutex_lock(&c->lock);
	mmio_read(&c->mmio, offset, data, len);
	pthread_mutex_unlock(&c->lock);
}

void console_write(void *console, uint64_t offset, const void *data,
		   unsigned int len)
{
	struct console *c = console;

	pthread_mutex_lock(&c->lock);
	mmio_write(&c->mmio, offset, data, len);
	pthread_mutex_unlock(&c->lock);
}

/* --- text ------------------------------------------------------------------- */

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
		mmio_raise(&c->mmio);
	if (fault)
		mmio_fail(&c->mmio);
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

	pthread_mutex_lock(&c->lock);
	more = work_locked(c);
	pthread_mutex_unlock(&c->lock);
	return more;
}

size_t console_put(struct console *c, const uint8_t *text, size_t len)
{
	int n;

	pthread_mutex_lock(&c->lock);
	n = virtio_console_put(&c->device, text, (uint32_t)len);
	settle(c, n < 0);
	pthread_mutex_unlock(&c->lock);
	return n < 0 ? 0 : (size_t)n;
}
