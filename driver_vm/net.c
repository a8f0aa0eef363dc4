/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames between a network card and two queue pairs: see net.h.
 */
#include <errno.h>

#include "driver_vm/net.h"
#include "driver_vm/uio.h"
#include "hostnet/offload.h"
#include "base/frame.h"

/* --- checks -------------------------------------------------------------- */

static bool region_ok(size_t size, uint32_t buffer_size)
{
	return size >= buffer_size && size % buffer_size == 0;
}

int net_init(struct net *n, const struct net_config *config)
{
	uint32_t buffer = config->buffer_size;

	/* Lengths are 16 bits in a descriptor, words are copied whole. */
	if (!queue_capacity_ok(config->capacity) || buffer < FRAME_SNAP ||
	    buffer > UINT16_MAX + 1u || (buffer & (buffer - 1)) != 0 ||
	    config->max_frame < FRAME_MIN || config->max_frame > buffer ||
	    config->max_frame > UINT16_MAX || config->max_segment > buffer ||
	    config->max_segment > OFFLOAD_MAX_SEGMENT ||
	    !region_ok(config->receive_size, buffer) ||
	    !region_ok(config->transmit_size, buffer))
		return -EINVAL;
	*n = (struct net){ .config = *config };
	return 0;
}

static bool offset_ok(const struct net *n, uint64_t offset, size_t size)
{
	return offset < size && (offset & (n->config.buffer_size - 1)) == 0;
}

static bool len_ok(const struct net *n, uint32_t len, struct offload o)
{
	const struct net_config *c = &n->config;

	return len >= FRAME_MIN &&
	       len <= (o.segment != 0 ? c->max_segment : c->max_frame);
}

/* --- the link ------------------------------------------------------------ */

/* The other side broke the protocol: do nothing until a new epoch. */
static void fault(struct net *n)
{
	n->count.bad_descriptors++;
	n->up = false;
	n->starved = false;
}

static void start(struct net *n)
{
	const struct net_config *c = &n->config;

	queue_producer_init(&n->rx_active, c->rx_active, c->capacity);
	queue_consumer_init(&n->rx_free, c->rx_free, c->capacity);
	queue_consumer_init(&n->tx_active, c->tx_active, c->capacity);
	queue_producer_init(&n->tx_free, c->tx_free, c->capacity);
	/* Queues start out armed, and we are awake. */
	n->armed = true;
}

static void look_at_link(struct net *n)
{
	uint32_t epoch = link_epoch(n->config.link);

	if (epoch == n->epoch)
		return;
	n->epoch = epoch;
	n->up = link_is_up(epoch);
	n->starved = false;
	n->armed = false;
	n->rx_published = false;
	n->tx_published = false;
	if (n->up)
		start(n);
}

/* --- receiving ----------------------------------------------------------- */

/* The number of empty buffers to fill now, or QUEUE_FAULT. */
static int empty_buffers(const struct net *n)
{
	int have = queue_pending(&n->rx_free);
	int room;

	if (have <= 0)
		return have;
	room = queue_room(&n->rx_active);
	/* It holds all buffers there are: with one here it is not full. */
	if (room <= 0)
		return QUEUE_FAULT;
	return have < room ? have : room;
}

/*
 * The next buffer that can be used.  Unusable ones before it go back empty.
 * False if there is none up to @have.
 */
static bool take_buffer(struct net *n, struct queue_producer *active,
			unsigned int *used, unsigned int have, uint64_t *offset)
{
	while (*used < have) {
		*offset = queue_peek(&n->rx_free, (*used)++).io_or_offset;
		if (offset_ok(n, *offset, n->config.receive_size))
			return true;
		n->count.bad_descriptors++;
		queue_put(active, *offset, 0);
	}
	return false;
}

/* A frame into an empty buffer; bytes, or 0 if it is none. */
static uint32_t copy_in(struct net *n, unsigned int index,
			struct net_frame *frame, uint64_t offset)
{
	const struct net_config *c = &n->config;
	uint8_t *to = c->receive + offset;

	if (frame->data != NULL) {
		c->copy->in(to, frame->data, frame->len);
		n->count.copied += frame->len;
	} else if (!c->card->ops->read(c->card, index, to, frame)) {
		return 0;
	}
	return len_ok(n, frame->len, frame->offload) ? frame->len : 0;
}

/* Is it worth a buffer? How long one that is to be read is, is seen then. */
static bool is_wanted(const struct net *n, const struct net_frame *frame)
{
	if (frame->data == NULL)
		return frame->len > 0 && frame->len <= n->config.max_segment;
	return len_ok(n, frame->len, frame->offload);
}

/* One that is to be read is read all the same. */
static void leave(struct net *n, const struct net_frame *frame,
		  unsigned int index)
{
	struct net_frame f = frame[index];

	if (f.data == NULL && f.len > 0)
		n->config.card->ops->read(n->config.card, index, NULL, &f);
}

/* Return: how many of the frames are done with. */
static unsigned int fill(struct net *n, const struct net_frame *frame,
			 unsigned int count, unsigned int have)
{
	/* A local copy, so that it is not reloaded after each frame. */
	struct queue_producer active = n->rx_active;
	unsigned int used = 0;
	uint64_t frames = 0;
	uint64_t bytes = 0;
	uint64_t offset;
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct net_frame f = frame[i];
		uint32_t len;

		if (!is_wanted(n, &f)) {
			leave(n, frame, i);
			n->count.rx_refused++;
			continue;
		}
		if (!take_buffer(n, &active, &used, have, &offset))
			break;
		len = copy_in(n, i, &f, offset);
		if (len == 0) {
			/* The buffer is for the next one. */
			used--;
			n->count.rx_refused++;
			continue;
		}
		queue_put_offload(&active, offset, (uint16_t)len, f.offload);
		bytes += len;
		frames++;
	}
	n->count.rx_frames += frames;
	n->count.rx_bytes += bytes;
	n->rx_active = active;
	if (used > 0) {
		queue_release(&n->rx_free, used);
		queue_publish(&n->rx_active);
		n->rx_published = true;
	}
	return i;
}

/* Pass frames to the other side. Return: how many are done with. */
static unsigned int pass_on(struct net *n, const struct net_frame *frame,
			    unsigned int count)
{
	if (n->up) {
		int have = empty_buffers(n);

		if (have >= 0)
			return fill(n, frame, count, (unsigned int)have);
		fault(n);
	}
	for (unsigned int i = 0; i < count; i++)
		leave(n, frame, i);
	n->count.rx_no_buffer += count;
	return count;
}

static bool receive(struct net *n)
{
	struct net_card *card = n->config.card;
	const struct net_frame *frame;
	unsigned int count;
	unsigned int done;

	if (n->starved && queue_pending(&n->rx_free) == 0)
		return false;
	count = card->ops->receive(card, &frame);
	if (count == 0)
		return false;
	done = pass_on(n, frame, count);
	n->starved = done < count;
	if (done > 0)
		card->ops->received(card, done);
	return !n->starved;
}

/* --- sending ------------------------------------------------------------- */

/* The next descriptor but @index; its offload data where there are such. */
static struct net_desc look(const struct net *n, unsigned int index)
{
	return n->config.max_segment != 0
		       ? queue_peek_offload(&n->tx_active, index)
		       : queue_peek(&n->tx_active, index);
}

static bool desc_ok(const struct net *n, const struct net_desc *d)
{
	return offset_ok(n, d->io_or_offset, n->config.transmit_size) &&
	       len_ok(n, d->len, queue_offload(d));
}

/* A frame into a slot, and there completed; false if it cannot be. */
static bool copy_out(struct net *n, uint8_t *slot, const struct net_desc *d)
{
	const struct net_config *c = &n->config;
	struct offload o = queue_offload(d);
	struct offload_place at;

	c->copy->out(slot, c->transmit + d->io_or_offset, d->len);
	if (!offload_any(o) ||
	    (offload_locate(slot, d->len, &o, &at) &&
	     offload_checksum(slot, d->len, at.l4, at.field - at.l4)))
		return true;
	n->count.bad_descriptors++;
	return false;
}

/*
 * Descriptors up to the first segment: to the card, as far as it has slots, and
 * back.  Return: how many descriptors are done with.
 */
static unsigned int empty(struct net *n, unsigned int pending)
{
	struct net_card *card = n->config.card;
	uint8_t *slot[NET_BATCH];
	uint16_t len[NET_BATCH];
	unsigned int slots = 0;
	unsigned int used = 0;
	uint64_t bytes = 0;
	unsigned int i;

	if (n->carrier)
		slots = card->ops->slots(card, slot, pending);
	for (i = 0; i < pending; i++) {
		struct net_desc d = look(n, i);

		if (!desc_ok(n, &d)) {
			n->count.bad_descriptors++;
		} else if (!n->carrier) {
			n->count.tx_failed++;
		} else if (d.segment != 0) {
			break;
		} else if (used == slots) {
			card->writable = false;
			break;
		} else if (copy_out(n, slot[used], &d)) {
			len[used++] = d.len;
			bytes += d.len;
		}
		queue_put(&n->tx_free, d.io_or_offset, 0);
	}
	n->count.copied += bytes;
	n->count.tx_bytes += bytes;
	n->count.tx_frames += used;
	if (used > 0)
		card->ops->send(card, len, used);
	return i;
}

/* Segments up to the first frame.  Return: how many are done with. */
static unsigned int empty_segments(struct net *n, unsigned int pending)
{
	const struct net_config *c = &n->config;
	unsigned int i;

	for (i = 0; i < pending; i++) {
		struct net_desc d = look(n, i);

		if (d.segment == 0 || !desc_ok(n, &d) || !n->carrier ||
		    !c->card->ops->segment(c->card,
					   c->transmit + d.io_or_offset, d.len,
					   queue_offload(&d)))
			break;
		n->count.tx_frames++;
		n->count.tx_bytes += d.len;
		queue_put(&n->tx_free, d.io_or_offset, 0);
	}
	return i;
}

static bool send(struct net *n)
{
	unsigned int done;
	int pending;
	int room;

	if (!n->config.card->writable && n->carrier)
		return false;
	pending = queue_pending(&n->tx_active);
	if (pending == 0)
		return false;
	room = queue_room(&n->tx_free);
	if (pending < 0 || room <= 0) {
		fault(n);
		return false;
	}
	if (pending > room)
		pending = room;
	if (pending > (int)NET_BATCH)
		pending = NET_BATCH;
	done = empty_segments(n, (unsigned int)pending);
	if (done == 0 && (n->config.card->writable || !n->carrier))
		done = empty(n, (unsigned int)pending);
	if (done == 0)
		return false;
	queue_release(&n->tx_active, done);
	queue_publish(&n->tx_free);
	n->tx_published = true;
	return true;
}

/* --- running ------------------------------------------------------------- */

/* One doorbell for both queues, and only for a side that sleeps. */
static void notify(struct net *n)
{
	bool ring = false;

	if (n->rx_published)
		ring |= queue_must_notify(&n->rx_active);
	if (n->tx_published)
		ring |= queue_must_notify(&n->tx_free);
	n->rx_published = false;
	n->tx_published = false;
	if (!ring)
		return;
	uio_ring(n->config.doorbells, DRIVER_DOORBELL_QUEUES);
	n->count.doorbells++;
}

bool net_run(struct net *n)
{
	bool more;

	look_at_link(n);
	if (n->armed) {
		queue_disarm(&n->tx_active);
		queue_disarm(&n->rx_free);
		n->armed = false;
	}
	more = receive(n);
	if (n->up) {
		more |= send(n);
		notify(n);
	}
	return more;
}

bool net_arm(struct net *n)
{
	struct net_card *card = n->config.card;
	/* Without a carrier frames are taken and dropped. */
	bool blocked = !card->writable && n->carrier;

	if (n->up) {
		n->armed = true;
		if (n->starved && queue_arm(&n->rx_free) != 0)
			return true;
		if (!blocked && queue_arm(&n->tx_active) != 0)
			return true;
	}
	card->ops->watch(card, !n->starved, blocked);
	return false;
}

/* --- the status page ----------------------------------------------------- */

/* Stores of whole fields: the page may be device memory. */
static void beat(struct net *n)
{
	volatile struct driver_status *s = n->config.status;

	/* 0 means that nothing counts. */
	if (++n->beats == 0)
		n->beats = 1;
	atomic_store_explicit(&s->beat, n->beats, memory_order_relaxed);
}

void net_ready(struct net *n, const uint8_t *mac, uint32_t mtu)
{
	volatile struct driver_status *s = n->config.status;

	for (unsigned int i = 0; i < 6; i++)
		s->mac[i] = mac[i];
	s->mtu = mtu;
	beat(n);
	atomic_store_explicit(&s->carrier, n->carrier, memory_order_relaxed);
	atomic_store_explicit(&s->state, DRIVER_READY, memory_order_release);
	uio_ring(n->config.doorbells, DRIVER_DOORBELL_STATUS);
}

void net_carrier(struct net *n, bool carrier)
{
	volatile struct driver_status *s = n->config.status;

	if (carrier == n->carrier)
		return;
	n->carrier = carrier;
	atomic_store_explicit(&s->carrier, carrier, memory_order_release);
	uio_ring(n->config.doorbells, DRIVER_DOORBELL_STATUS);
}

void net_report(struct net *n, uint64_t wakeups, uint64_t syscalls,
		uint64_t interrupts)
{
	volatile struct driver_status *s = n->config.status;
	const struct net_counters *c = &n->count;
	const struct net_card *card = n->config.card;

	beat(n);
	s->rx_frames = c->rx_frames;
	s->rx_bytes = c->rx_bytes;
	s->tx_frames = c->tx_frames - card->failed;
	s->tx_bytes = c->tx_bytes;
	s->rx_no_buffer = c->rx_no_buffer + card->lost;
	s->rx_refused = c->rx_refused;
	s->tx_failed = c->tx_failed + card->failed;
	s->bad_descriptors = c->bad_descriptors;
	s->wakeups = wakeups;
	s->syscalls = syscalls;
	s->doorbells = c->doorbells;
	s->interrupts = interrupts;
	s->copied = c->copied;
}
