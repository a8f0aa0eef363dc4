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
	sw->dirty &= others;
	sw->warm &= others;
	sw->ring_out &= others;
	sw->ring_in &= others;
	fdb_flush_port(sw->fdb, number);
	if (sw->groups != NULL)
		mcast_flush_port(sw->groups, number);
	if (sw->state.flows != NULL)
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

/* On a link between switches the receiving side owns the buffers: lend all. */
static void lend_all(struct vswitch *sw, unsigned int number)
{
	struct port *p = &sw->port[number];
	uint64_t offset = 0;

	for (; offset < p->in_size; offset += p->in_mask + 1u)
		queue_put(&p->in_free, offset, 0);
	queue_publish(&p->in_free);
	sw->ring_in |= bit(number);
}

static void bring_up(struct vswitch *sw, unsigned int number)
{
	struct port *p = &sw->port[number];
	const struct vswitch_half *in = &p->config.ingress;
	const struct vswitch_half *out = &p->config.egress;

	p->state = PORT_UP;
	flap_forget(&sw->state.flap, number);
	show_blocked(sw);
	p->free_have = 0;
	p->free_used = 0;
	queue_producer_init(&p->out_active, out->active, out->capacity);
	queue_consumer_init(&p->out_free, out->free, out->capacity);
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
	if (p->kind == VSWITCH_PORT_LINK)
		lend_all(sw, number);
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
	int have = queue_pending(&p->out_free);
	int room = queue_room(&p->out_active);

	if (unlikely(have < 0 || room < 0))
		return false;
	p->free_have = (uint16_t)have;
	p->free_used = 0;
	p->room = (uint16_t)room;
	sw->fresh |= bit(number);
	return true;
}

enum vswitch_reason port_take_slowly(struct vswitch *sw, unsigned int number,
				     uint32_t *offset)
{
	struct port *p = &sw->port[number];
	unsigned int tries = BAD_FREE_LIMIT;

	if (unlikely(p->state != PORT_UP))
		return REASON_PORT_DOWN;
	if (!bit_in(sw->fresh, number) && !port_look(sw, number)) {
		port_fault(sw, number);
		return REASON_PORT_DOWN;
	}
	if (unlikely(p->room == 0))
		return REASON_NO_BUFFER;
	while (p->free_used < p->free_have && tries-- > 0) {
		if (port_try(sw, number, offset))
			return REASON_NONE;
		p->free_used++;
		sw->dirty |= bit(number);
		port_drop(p, REASON_BAD_FREE);
	}
	return REASON_NO_BUFFER;
}

void port_publish(struct vswitch *sw)
{
	uint64_t ports = sw->dirty;

	sw->warm = ports;
	sw->ring_out |= ports;
	sw->dirty = 0;
	while (ports) {
		struct port *p = &sw->port[bit_pop(&ports)];

		queue_release(&p->out_free, p->free_used);
		queue_publish(&p->out_active);
		stat_show(&p->shown->out_frames, p->count.out_frames);
		stat_show(&p->shown->out_bytes, p->count.out_bytes);
	}
}

/* One fence for each queue asked: see queue.h for why. */
uint64_t port_rings(struct vswitch *sw)
{
	uint64_t out = sw->ring_out;
	uint64_t in = sw->ring_in;
	uint64_t rings = 0;

	sw->ring_out = 0;
	sw->ring_in = 0;
	while (out) {
		unsigned int number = bit_pop(&out);

		if (queue_must_notify(&sw->port[number].out_active))
			rings |= bit(number);
	}
	while (in) {
		unsigned int number = bit_pop(&in);

		if (queue_must_notify(&sw->port[number].in_free))
			rings |= bit(number);
	}
	return rings;
}
