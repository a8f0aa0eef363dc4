/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of a virtio device: see mmio.h. */
#include "virtio/mmio.h"

#include "base/mem.h"

#define MAGIC 0x74726976u  /* "virt" */
#define VENDOR 0x72696557u /* "Weir" */
#define DRIVERS_BITS                                                           \
	(MMIO_ACKNOWLEDGE | MMIO_HAS_DRIVER | MMIO_DRIVER_OK |                 \
	 MMIO_FEATURES_OK | MMIO_FAILED)
/* A packed ring begins with wrap counters of 1. */
#define PACKED_START 0x8000u

/* --- what can be read --------------------------------------------------- */

static void put(struct mmio *m, uint32_t at, uint32_t value)
{
	*(volatile uint32_t *)(void *)(m->page + at) = value;
}

/* Bring the page up to date. */
static void show(struct mmio *m)
{
	bool exists = m->select < m->queues;

	put(m, MMIO_OFFERS,
	    m->offers_page < 2 ? (uint32_t)(m->offers >> 32 * m->offers_page)
			       : 0);
	put(m, MMIO_QUEUE_MAX, exists ? m->longest : 0);
	put(m, MMIO_QUEUE_READY, exists ? m->queue[m->select].ready : 0);
	put(m, MMIO_INTERRUPT, m->raised | m->direct);
	put(m, MMIO_STATUS, m->status);
	put(m, MMIO_GENERATION, m->generation);
}

void mmio_init(struct mmio *m)
{
	memset(m->page, 0, MMIO_SIZE);
	put(m, MMIO_MAGIC, MAGIC);
	put(m, MMIO_VERSION, 2);
	put(m, MMIO_DEVICE, m->device);
	put(m, MMIO_VENDOR, VENDOR);
	/* There is no shared memory: its length and place are all ones. */
	for (uint32_t at = MMIO_SHM; at < MMIO_SHM + 16; at += 4)
		put(m, at, UINT32_MAX);
	show(m);
}

void mmio_read(const struct mmio *m, uint64_t offset, void *data,
	       unsigned int len)
{
	memset(data, 0, len);
	if (offset < MMIO_SIZE && len <= MMIO_SIZE - offset)
		memcpy(data, m->page + offset, len);
}

/* --- interrupts --------------------------------------------------------- */

static void raise(struct mmio *m, uint32_t why)
{
	m->raised |= why;
	show(m);
	m->ops->interrupt(m->ctx);
}

void mmio_raise(struct mmio *m)
{
	raise(m, MMIO_USED);
}

void mmio_configure(struct mmio *m, uint32_t at, const void *field,
		    uint32_t bytes)
{
	memcpy(m->page + MMIO_CONFIG + at, field, bytes);
	m->generation++;
	show(m);
	if (mmio_running(m))
		raise(m, MMIO_CHANGED);
}

/* --- status ------------------------------------------------------------- */

/* Begin and end queues, as the status has it. */
static void settle(struct mmio *m)
{
	bool running = mmio_running(m);

	for (unsigned int i = 0; i < m->queues; i++) {
		struct mmio_queue *q = &m->queue[i];

		if (q->on == (running && q->ready))
			continue;
		q->on = !q->on;
		if (q->on)
			m->ops->begin(m->ctx, i);
		else
			m->ops->end(m->ctx, i);
	}
}

void mmio_fail(struct mmio *m)
{
	bool told = mmio_running(m);

	m->status |= MMIO_NEEDS_RESET;
	settle(m);
	show(m);
	if (told)
		raise(m, MMIO_CHANGED);
}

static void reset(struct mmio *m)
{
	m->status = 0;
	settle(m);
	m->raised = 0;
	m->agreed = 0;
	m->offers_page = 0;
	m->agreed_page = 0;
	m->select = 0;
	memset(m->queue, 0, sizeof(m->queue));
}

/* Can we do with the features that the driver has chosen? */
static bool agree(const struct mmio *m)
{
	return !(m->agreed & ~m->offers) && (m->agreed & VQ_F_VERSION_1) &&
	       (m->ops->agree == NULL || m->ops->agree(m->ctx, m->agreed));
}

/* The driver adds bits; only a reset takes some away. */
static void set_status(struct mmio *m, uint32_t value)
{
	const uint32_t known = MMIO_ACKNOWLEDGE | MMIO_HAS_DRIVER;

	if (value == 0) {
		reset(m);
		return;
	}
	value = (value & DRIVERS_BITS) | m->status;
	if ((value & known) != known ||
	    (!(m->status & MMIO_FEATURES_OK) && (value & MMIO_FEATURES_OK) &&
	     !agree(m)))
		value &= ~MMIO_FEATURES_OK;
	if (!(value & MMIO_FEATURES_OK))
		value &= ~MMIO_DRIVER_OK;
	m->status = value;
	settle(m);
}

/* --- queues ------------------------------------------------------------- */

static void set_half(uint64_t *value, bool high, uint32_t half)
{
	if (high)
		*value = (*value & UINT32_MAX) | (uint64_t)half << 32;
	else
		*value = (*value & ~(uint64_t)UINT32_MAX) | half;
}

/* The driver says that a queue is ready: is it? */
static bool is_ready(struct mmio *m, struct mmio_queue *q)
{
	struct vq_config *c = &q->config;

	if (!(m->status & MMIO_FEATURES_OK) || c->size > m->longest)
		return false;
	c->features = m->agreed;
	c->next = c->used = m->agreed & VQ_F_PACKED ? PACKED_START : 0;
	return vq_start(&q->vq, m->memory, c) == VQ_STARTED;
}

static void set_ready(struct mmio *m, struct mmio_queue *q, uint32_t value)
{
	if (value == 0)
		q->ready = false;
	else if (value == 1 && !q->ready)
		q->ready = is_ready(m, q);
	settle(m);
	if (value == 0)
		*q = (struct mmio_queue){ 0 };
}

static void write_queue(struct mmio *m, struct mmio_queue *q, uint32_t at,
			uint32_t value)
{
	if (at == MMIO_QUEUE_READY)
		set_ready(m, q, value);
	/* What was checked must not change any more. */
	if (q->ready)
		return;
	/* Of an address the low half comes first, then the high one. */
	switch (at & ~4u) {
	case MMIO_RING_DESC:
		set_half(&q->config.desc, at & 4, value);
		break;
	case MMIO_RING_DRIVER:
		set_half(&q->config.driver, at & 4, value);
		break;
	case MMIO_RING_DEVICE:
		set_half(&q->config.device, at & 4, value);
		break;
	default:
		if (at == MMIO_QUEUE_SIZE)
			q->config.size = value;
		break;
	}
}

/* --- what can be written ------------------------------------------------ */

static void notify(struct mmio *m, uint32_t queue)
{
	if (queue < m->queues && m->queue[queue].on && m->ops->notify != NULL)
		m->ops->notify(m->ctx, queue);
}

static void set(struct mmio *m, uint32_t at, uint32_t value)
{
	switch (at) {
	case MMIO_OFFERS_SEL:
		m->offers_page = value;
		break;
	case MMIO_ACCEPTS_SEL:
		m->agreed_page = value;
		break;
	case MMIO_ACCEPTS:
		if (m->agreed_page < 2 && !(m->status & MMIO_FEATURES_OK))
			set_half(&m->agreed, m->agreed_page == 1, value);
		break;
	case MMIO_QUEUE_SEL:
		m->select = value;
		break;
	case MMIO_NOTIFY:
		notify(m, value);
		break;
	case MMIO_INTERRUPT_ACK:
		m->raised &= ~value;
		break;
	case MMIO_STATUS:
		set_status(m, value);
		break;
	default:
		if (m->select < m->queues)
			write_queue(m, &m->queue[m->select], at, value);
		break;
	}
}

void mmio_write(struct mmio *m, uint64_t offset, const void *data,
		unsigned int len)
{
	uint32_t value;

	/* Of the configurations that we have, none can be written. */
	if (len != sizeof(value) || offset >= MMIO_CONFIG)
		return;
	memcpy(&value, data, sizeof(value));
	set(m, (uint32_t)offset, value);
	show(m);
}
