/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port's queues: link epochs, faults, egress buffers, publishing.
 *
 * What is hard is that every number in shared memory may be a lie.  The rules
 * kept here:
 *
 *  - Our indices are private.  The peer's are read once per batch; one that is
 *    more than a capacity away is a port fault.
 *  - After a fault, and while the link is down, the queues are not touched at
 *    all: the monitor may be about to zero them.
 *  - An egress buffer the peer gave is used if it lies in the region and on a
 *    buffer's boundary.  Whether it gave the same one twice is its own affair:
 *    the region is its own.
 *  - Slots are given back before anything that lets the peer need them is
 *    published.  An honest peer that gets a buffer back therefore always finds
 *    a slot for it: head of the one queue first, tail of the other second.
 */
#include "base/mem.h"
#include "vswitch/vswitch_impl.h"

/* The epoch comes last and with release: who reads it knows we have let go. */
static void show_state(struct port *p)
{
	__atomic_store_n(&p->shown->state, p->state, __ATOMIC_RELAXED);
	__atomic_store_n(&p->shown->epoch, p->epoch, __ATOMIC_RELEASE);
}

/* Stop using a port: nothing of it may be published any more. */
static void let_go(struct vswitch *sw, unsigned int number)
{
	uint64_t others = ~bit(number);

	sw->receivers &= others;
	sw->faulted &= others;
	sw->armed &= others;
	sw->fresh &= others;
	sw->warm &= others;
	sw->ring_out &= others;
	sw->ring_in &= others;
	fdb_flush_port(sw->fdb, number);
	if (groups_of(sw) != NULL)
		mcast_flush_port(sw->groups, number);
	if (policy_flows(&sw->state) != NULL)
		flow_flush_port(sw->state.flows, number);
}

void port_fault(struct vswitch *sw, unsigned int number)
{
	struct port *p = &sw->port[number];

	let_go(sw, number);
	sw->faulted |= bit(number);
	p->state = PORT_FAULT;
	stat_bump(&p->count.faults, &p->shown->faults);
	show_state(p);
}

/* Put every buffer of a region on a free queue. */
static void fill(struct queue_producer *free, const struct vswitch_half *half)
{
	uint64_t offset = 0;

	for (; offset < half->data_size; offset += half->buffer_size)
		queue_put(free, offset, 0);
	queue_publish(free);
}

/*
 * As sDDF does it.  Our index of the one queue starts behind what the client
 * puts there itself, whether it has done so yet or not: nothing is given back
 * before it has sent something.  The other is the client's once it is filled.
 */
static void fill_as_sddf(struct port *p)
{
	const struct vswitch_half *in = &p->config.ingress;
	const struct vswitch_half *out = &p->config.egress;
	struct queue_producer lent;

	p->in_free.tail = (uint16_t)(in->data_size / in->buffer_size);
	queue_producer_init(&lent, out->free, out->capacity);
	fill(&lent, out);
}

static void bring_up(struct vswitch *sw, unsigned int number)
{
	struct port *p = &sw->port[number];
	const struct vswitch_half *in = &p->config.ingress;
	const struct vswitch_half *out = &p->config.egress;

	p->state = PORT_UP;
	flap_forget(&sw->state.flap, number);
	show_blocked(sw);
	queue_producer_init(&p->out_active, out->active, out->capacity);
	queue_consumer_init(&p->out_free, out->free, out->capacity);
	p->out.active = out->active->desc;
	p->out.free = out->free->desc;
	p->out.ring = (out->capacity - 1) * QUEUE_STEP;
	/* Free buffers are looked for when they are needed, not announced. */
	queue_disarm(&p->out_free);
	if (p->kind == VSWITCH_PORT_CAPTURE)
		return;
	queue_consumer_init(&p->in_active, in->active, in->capacity);
	queue_producer_init(&p->in_free, in->free, in->capacity);
	p->pace = VSWITCH_BATCH;
	sw->receivers |= bit(number);
	/* The queue starts as zeroes, which is to say armed. */
	sw->armed |= bit(number);
	if (p->config.fill == VSWITCH_FILL_SDDF)
		fill_as_sddf(p);
	/* Here the receiving side, which we are, owns the buffers. */
	if (p->kind == VSWITCH_PORT_LINK) {
		fill(&p->in_free, in);
		sw->ring_in |= bit(number);
	}
}

void port_check_link(struct vswitch *sw, unsigned int number)
{
	struct port *p = &sw->port[number];
	uint32_t epoch = link_epoch(p->link);

	if (likely(epoch == p->epoch))
		return;
	let_go(sw, number);
	p->epoch = epoch;
	p->state = PORT_DOWN;
	if (link_is_up(epoch))
		bring_up(sw, number);
	show_state(p);
}

bool port_look(struct vswitch *sw, unsigned int number)
{
	struct port *p = &sw->port[number];
	int buffers = queue_pending(&p->out_free);
	int room = queue_room(&p->out_active);

	if (unlikely(buffers < 0 || room < 0))
		return false;
	p->out.head = p->out_free.head * QUEUE_STEP;
	p->out.tail = p->out_active.tail * QUEUE_STEP;
	p->out.surplus = buffers - room;
	p->out.left = (uint16_t)(buffers < room ? buffers : room);
	p->out.bytes = 0;
	sw->fresh |= bit(number);
	return true;
}

/* Throw a buffer away that cannot be. */
static void skip_buffer(struct port *p)
{
	p->out.head += QUEUE_STEP;
	if (p->out.surplus-- <= 0)
		p->out.left--;
	port_drop(p, REASON_BAD_FREE);
}

/* A port's indices are read, if that can be done and has not been. */
static bool look_anew(struct vswitch *sw, unsigned int number)
{
	if (unlikely(sw->port[number].state != PORT_UP))
		return false;
	if (bit_in(sw->fresh, number) || port_look(sw, number))
		return true;
	port_fault(sw, number);
	return false;
}

enum vswitch_reason port_has(struct vswitch *sw, unsigned int number,
			     uint32_t count)
{
	if (unlikely(!look_anew(sw, number)))
		return REASON_PORT_DOWN;
	return sw->port[number].out.left < count ? REASON_NO_BUFFER
						 : REASON_NONE;
}

void port_take_back(struct vswitch *sw, unsigned int number, uint32_t count,
		    uint32_t bytes)
{
	struct outlet *o = &sw->port[number].out;

	o->bytes -= bytes;
	o->tail -= count * QUEUE_STEP;
	/* There are slots again, but no buffers; @left may be too low now. */
	o->surplus -= (int32_t)count;
}

enum vswitch_reason port_take_slowly(struct vswitch *sw, unsigned int number,
				     uint32_t len, uint8_t **to)
{
	struct port *p = &sw->port[number];
	unsigned int tries = BAD_FREE_LIMIT;

	if (unlikely(!look_anew(sw, number)))
		return REASON_PORT_DOWN;
	while (p->out.left > 0 && tries-- > 0) {
		if (outlet_take(&p->out, len, to))
			return REASON_NONE;
		skip_buffer(p);
	}
	return REASON_NO_BUFFER;
}

/* Hand over what a port got; return false if that was nothing. */
static bool publish(struct port *p)
{
	uint16_t used = (uint16_t)(p->out.head / QUEUE_STEP - p->out_free.head);
	uint16_t tail = (uint16_t)(p->out.tail / QUEUE_STEP);

	if (used == 0)
		return false;
	p->count.out_frames += (uint16_t)(tail - p->out_active.tail);
	p->count.out_bytes += p->out.bytes;
	p->out_active.tail = tail;
	/* First what the receiver waits for: stores are seen in order. */
	queue_publish(&p->out_active);
	queue_release(&p->out_free, used);
	stat_show(&p->shown->out_frames, p->count.out_frames);
	stat_show(&p->shown->out_bytes, p->count.out_bytes);
	return true;
}

void port_publish(struct vswitch *sw)
{
	uint64_t ports = sw->fresh;

	sw->warm = 0;
	while (ports) {
		unsigned int number = bit_pop(&ports);

		if (likely(publish(&sw->port[number])))
			sw->warm |= bit(number);
	}
	sw->ring_out |= sw->warm;
}

/* One fence for all queues: see queue.h for why there has to be one. */
uint64_t port_rings(struct vswitch *sw)
{
	uint64_t out = sw->ring_out;
	uint64_t in = sw->ring_in;
	uint64_t rings = 0;

	sw->ring_out = 0;
	sw->ring_in = 0;
	atomic_thread_fence(memory_order_seq_cst);
	while (out) {
		unsigned int number = bit_pop(&out);

		if (queue_sleeps(&sw->port[number].out_active))
			rings |= bit(number);
	}
	while (in) {
		unsigned int number = bit_pop(&in);

		if (queue_sleeps(&sw->port[number].in_free))
			rings |= bit(number);
	}
	return rings;
}
