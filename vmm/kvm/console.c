/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of the console, and the text that comes.
 */
#include "vmm/kvm/console.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <string.h>
#include <unistd.h>

#define MMIO_MAGIC 0x74726976u /* "virt" */
#define MMIO_VERSION 2u
#define MMIO_VENDOR 0x72696557u /* "Weir" */
#define FEATURES (1ull << VIRTIO_F_VERSION_1)
/* There are no shared memory regions: all ones for their length. */
#define NO_SHM 0xffffffffu
#define TRANSMIT 1u

_Static_assert(CONSOLE_DOORBELL == VIRTIO_MMIO_QUEUE_NOTIFY, "virtio");

void console_init(struct console *c)
{
	pthread_mutex_init(&c->lock, NULL);
}

/* Interrupt the driver, unless it has asked not to. */
static void interrupt(struct console *c, uint32_t why)
{
	const uint64_t one = 1;

	c->isr |= why;
	(void)!write(c->irq, &one, sizeof(one));
}

static void stop(struct console *c)
{
	c->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	interrupt(c, VIRTIO_MMIO_INT_CONFIG);
}

static bool running(const struct console *c)
{
	return (c->status & VIRTIO_CONFIG_S_DRIVER_OK) != 0 &&
	       (c->status & VIRTIO_CONFIG_S_NEEDS_RESET) == 0 &&
	       c->queue[TRANSMIT].ready;
}

/* --- text ----------------------------------------------------------------- */

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

static void take_chain(struct console *c)
{
	struct vq_cursor text = vq_reader(&c->chain);
	uint32_t left = CONSOLE_CHAIN_MAX;
	uint8_t bytes[256];

	while (left > 0) {
		uint32_t n = vq_read(&text, bytes, sizeof(bytes));

		if (n == 0)
			break;
		take(c, bytes, n);
		left -= n;
	}
}

static bool work_locked(struct console *c)
{
	struct vq *vq = &c->transmit;
	int taken = 1;
	uint32_t n;

	if (!running(c))
		return false;
	for (n = 0; n < vq->size; n++) {
		taken = vq_take(vq, &c->chain);
		if (taken <= 0)
			break;
		take_chain(c);
		vq_give(vq, c->chain.id, c->chain.slots, 0);
	}
	vq_publish(vq);
	if (vq_must_notify(vq))
		interrupt(c, VIRTIO_MMIO_INT_VRING);
	if (taken < 0)
		stop(c);
	return taken > 0;
}

bool console_work(struct console *c)
{
	bool more;

	pthread_mutex_lock(&c->lock);
	more = work_locked(c);
	pthread_mutex_unlock(&c->lock);
	return more;
}

/* --- registers ------------------------------------------------------------ */

static uint32_t read_register(const struct console *c, uint64_t offset)
{
	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MMIO_MAGIC;
	case VIRTIO_MMIO_VERSION:
		return MMIO_VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return VIRTIO_ID_CONSOLE;
	case VIRTIO_MMIO_VENDOR_ID:
		return MMIO_VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return c->feature_page < 2
			       ? (uint32_t)(FEATURES >> 32 * c->feature_page)
			       : 0;
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return c->select < 2 ? CONSOLE_QUEUE_MAX : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return c->select < 2 ? c->queue[c->select].ready : 0;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return c->isr;
	case VIRTIO_MMIO_STATUS:
		return c->status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
		return NO_SHM;
	default:
		return 0;
	}
}

static void reset(struct console *c)
{
	c->status = 0;
	c->isr = 0;
	c->feature_page = 0;
	c->driver_page = 0;
	c->select = 0;
	c->driver = 0;
	memset(c->queue, 0, sizeof(c->queue));
}

static void set_status(struct console *c, uint32_t value)
{
	uint32_t kept = c->status & VIRTIO_CONFIG_S_NEEDS_RESET;

	if (value == 0) {
		reset(c);
		return;
	}
	/* The driver must accept exactly the features we offer. */
	if (c->driver != FEATURES)
		value &= ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
	if (!(value & VIRTIO_CONFIG_S_FEATURES_OK))
		value &= ~(uint32_t)VIRTIO_CONFIG_S_DRIVER_OK;
	c->status = (value & 0xff) | kept;
}

static void set_half(uint64_t *value, bool high, uint32_t half)
{
	if (high)
		*value = (*value & 0xffffffffu) | (uint64_t)half << 32;
	else
		*value = (*value & ~0xffffffffull) | half;
}

/* The driver says that a queue is ready: is it? */
static bool start_queue(struct console *c, const struct console_queue *q)
{
	const struct vq_config config = {
		.size = q->num,
		.features = c->driver,
		.desc = q->desc,
		.driver = q->avail,
		.device = q->used,
	};
	struct vq vq;

	if (q->num > CONSOLE_QUEUE_MAX ||
	    vq_start(&vq, &c->memory, &config) != VQ_STARTED)
		return false;
	if (q == &c->queue[TRANSMIT])
		c->transmit = vq;
	return true;
}

static void write_queue(struct console *c, struct console_queue *q,
			uint64_t offset, uint32_t value)
{
	if (offset == VIRTIO_MMIO_QUEUE_READY) {
		if (value == 0)
			*q = (struct console_queue){ 0 };
		else
			q->ready = q->ready ||
				   (value == 1 && start_queue(c, q));
		return;
	}
	/* Checked addresses must not change any more. */
	if (q->ready)
		return;
	if (offset == VIRTIO_MMIO_QUEUE_NUM)
		q->num = value;
	/* Of each address the low half comes first, then the high one. */
	switch (offset & ~4ull) {
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		set_half(&q->desc, offset & 4, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		set_half(&q->avail, offset & 4, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
		set_half(&q->used, offset & 4, value);
		break;
	}
}

static void write_register(struct console *c, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		c->feature_page = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		c->driver_page = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		if (c->driver_page < 2 &&
		    !(c->status & VIRTIO_CONFIG_S_FEATURES_OK))
			set_half(&c->driver, c->driver_page == 1, value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		c->select = value;
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		c->isr &= ~value;
		break;
	case VIRTIO_MMIO_STATUS:
		set_status(c, value);
		break;
	default:
		if (c->select < 2)
			write_queue(c, &c->queue[c->select], offset, value);
		break;
	}
}

/* Registers are 32 bits wide; the configuration behind them is all zero. */
static bool is_register(uint64_t offset, unsigned int len)
{
	return len == 4 && offset % 4 == 0 && offset < VIRTIO_MMIO_CONFIG;
}

void console_read(void *console, uint64_t offset, void *data, unsigned int len)
{
	struct console *c = console;
	uint32_t value;

	if (!is_register(offset, len))
		return;
	pthread_mutex_lock(&c->lock);
	value = read_register(c, offset);
	pthread_mutex_unlock(&c->lock);
	memcpy(data, &value, sizeof(value));
}

void console_write(void *console, uint64_t offset, const void *data,
		   unsigned int len)
{
	struct console *c = console;
	uint32_t value;

	if (!is_register(offset, len))
		return;
	memcpy(&value, data, sizeof(value));
	pthread_mutex_lock(&c->lock);
	write_register(c, offset, value);
	pthread_mutex_unlock(&c->lock);
}
