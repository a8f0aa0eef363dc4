/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers and the queue of the console.
 *
 * Guest memory can change at any time, so every field of the rings is read once
 * into a copy; each address is checked against RAM right before it is used.
 */
#include "vmm/kvm/console.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
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

/* Guest memory, or NULL if not all of it is RAM. */
static uint8_t *at(const struct console *c, uint64_t gpa, uint64_t len)
{
	if (gpa < c->base || gpa - c->base > c->size ||
	    len > c->size - (gpa - c->base))
		return NULL;
	return c->ram + (gpa - c->base);
}

/* --- rings ---------------------------------------------------------------- */

/* Their addresses were checked when the queue became ready. */

static uint16_t load16(const uint8_t *from)
{
	return __atomic_load_n((const uint16_t *)(const void *)from,
			       __ATOMIC_ACQUIRE);
}

static uint16_t avail_idx(const struct console *c,
			  const struct console_queue *q)
{
	return load16(at(c, q->avail, 4) + 2);
}

static uint16_t avail_entry(const struct console *c,
			    const struct console_queue *q)
{
	return load16(at(c, q->avail + 4 + 2ull * (q->next & (q->num - 1)), 2));
}

static struct vring_desc descriptor(const struct console *c,
				    const struct console_queue *q, uint16_t i)
{
	struct vring_desc d;

	/* Copied once; only the copy is used. */
	memcpy(&d, at(c, q->desc + 16ull * i, 16), sizeof(d));
	__asm__ volatile("" : "+m"(d));
	return d;
}

/* Give a chain back: nothing was written to it. */
static void put_used(const struct console *c, const struct console_queue *q,
		     uint16_t head)
{
	struct vring_used_elem e = { .id = head };
	uint16_t *idx = (void *)(at(c, q->used, 4) + 2);

	memcpy(at(c, q->used + 4 + 8ull * (q->next & (q->num - 1)), 8), &e,
	       sizeof(e));
	__atomic_store_n(idx, (uint16_t)(q->next + 1), __ATOMIC_RELEASE);
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

/* Take a chain's text; false if it is none. */
static bool take_chain(struct console *c, const struct console_queue *q,
		       uint16_t head)
{
	uint32_t left = CONSOLE_CHAIN_MAX;
	uint16_t i = head;

	for (uint32_t n = 0; n < q->num; n++) {
		struct vring_desc d;
		const uint8_t *text;

		if (i >= q->num)
			return false;
		d = descriptor(c, q, i);
		text = at(c, d.addr, d.len);
		if (text == NULL || (d.flags & VRING_DESC_F_INDIRECT))
			return false;
		if (!(d.flags & VRING_DESC_F_WRITE)) {
			uint32_t len = d.len < left ? d.len : left;

			take(c, text, len);
			left -= len;
		}
		if (!(d.flags & VRING_DESC_F_NEXT))
			return true;
		i = d.next;
	}
	return false; /* a loop */
}

/* One chain; false if there is none, or no more. */
static bool serve(struct console *c, struct console_queue *q)
{
	uint16_t ahead = (uint16_t)(avail_idx(c, q) - q->next);
	uint16_t head;

	if (ahead == 0)
		return false;
	head = avail_entry(c, q);
	if (ahead > q->num || !take_chain(c, q, head)) {
		stop(c);
		return false;
	}
	put_used(c, q, head);
	q->next++;
	return true;
}

static bool work_locked(struct console *c)
{
	struct console_queue *q = &c->queue[TRANSMIT];
	uint32_t n;

	for (n = 0; running(c) && n < q->num; n++)
		if (!serve(c, q))
			break;
	/*
	 * Publish used entries before reading the flag; the driver sets the
	 * flag before it looks again.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (n != 0 &&
	    !(load16(at(c, q->avail, 4)) & VRING_AVAIL_F_NO_INTERRUPT))
		interrupt(c, VIRTIO_MMIO_INT_VRING);
	return n != 0 && n == q->num;
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

static bool usable(const struct console *c, const struct console_queue *q)
{
	return q->num != 0 && q->num <= CONSOLE_QUEUE_MAX &&
	       (q->num & (q->num - 1)) == 0 && q->desc % 16 == 0 &&
	       q->avail % 2 == 0 && q->used % 4 == 0 &&
	       at(c, q->desc, 16ull * q->num) != NULL &&
	       at(c, q->avail, 6 + 2ull * q->num) != NULL &&
	       at(c, q->used, 6 + 8ull * q->num) != NULL;
}

static void write_queue(struct console *c, struct console_queue *q,
			uint64_t offset, uint32_t value)
{
	if (offset == VIRTIO_MMIO_QUEUE_READY) {
		if (value == 0)
			*q = (struct console_queue){ 0 };
		else
			q->ready = q->ready || (value == 1 && usable(c, q));
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
