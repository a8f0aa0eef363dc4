/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's virtualisers as a component, in the test's own process, which
 * plays the driver and the switch.  No PD and no sandbox; regions are ordinary
 * memory.
 *
 * A header, because it brings a table of components.
 */
#ifndef WEIR_TESTS_UNIT_COMPONENT_VIRT_RIG_H
#define WEIR_TESTS_UNIT_COMPONENT_VIRT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "virt/net_virt.h"
#include "vmm/linux/pd/loop.h"

#define CAPACITY 128u
#define BUFFER 2048u

/* Of each side: where it finds its queues and its link page. */
enum { ID_DRIVER, ID_SWITCH, IDS };
/* To the monitor. */
#define ID_CTL IDS
#define CHANNELS (IDS + 1)
#define SLOT_IN_ACTIVE(side) (5u * (side))
#define SLOT_IN_FREE(side) (5u * (side) + 1)
#define SLOT_OUT_ACTIVE(side) (5u * (side) + 2)
#define SLOT_OUT_FREE(side) (5u * (side) + 3)
#define SLOT_LINK(side) (5u * (side) + 4)
enum { SLOT_IN_DATA = 10, SLOT_OUT_DATA, SLOT_STATS_RX, SLOT_STATS_TX, SLOTS };

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_VIRT] = &virt_ops,
};

/**
 * struct side - the driver or the switch, as the test plays it
 * @in_put, @in_get:   frames the card received: the driver puts frames and gets
 *                     buffers, the switch the other way round
 * @out_put, @out_get: frames to be sent, likewise
 */
struct side {
	struct queue_producer in_put;
	struct queue_consumer in_get;
	struct queue_producer out_put;
	struct queue_consumer out_get;
};

static struct boot_record *record;
static struct pd *pd;
static struct component *c;
static struct side side[IDS];
static int log_pipe[2];

static struct sys_component *config(void)
{
	return &boot_comps(record)[0].cfg;
}

static void *slot(uint32_t number)
{
	return pd_region(c, number, NULL);
}

static struct sys_wire wire(uint32_t which)
{
	return (struct sys_wire){
		.ingress = { SLOT_IN_ACTIVE(which), SLOT_IN_FREE(which),
			     SLOT_IN_DATA },
		.egress = { SLOT_OUT_ACTIVE(which), SLOT_OUT_FREE(which),
			    SLOT_OUT_DATA },
		.link = SLOT_LINK(which),
		.channel = which,
		.capacity = CAPACITY,
		.buffer_size = BUFFER,
		.max_frame = 1518,
	};
}

static size_t slot_size(uint32_t number)
{
	if (number == SLOT_IN_DATA || number == SLOT_OUT_DATA)
		return (size_t)CAPACITY * BUFFER;
	return 8192;
}

static int set_up(void **state)
{
	size_t size = boot_size(1, CHANNELS, SLOTS);
	struct error err = { "" };

	(void)state;
	record = calloc(1, size);
	record->magic = BOOT_MAGIC;
	record->size = size;
	record->n_comps = 1;
	record->n_chans = CHANNELS;
	record->n_maps = SLOTS;
	config()->kind = SYS_VIRT;
	config()->wire = wire(ID_SWITCH);
	config()->virt = (struct sys_virt){
		.driver = wire(ID_DRIVER),
		.stats_rx = SLOT_STATS_RX,
		.stats_tx = SLOT_STATS_TX,
		.ctl_channel = ID_CTL,
	};
	for (unsigned int i = 0; i < CHANNELS; i++)
		boot_chans(record)[i] = (struct boot_chan){
			.wait = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
			.ring = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
			.peer = SYS_NONE,
		};
	if (pipe2(log_pipe, O_NONBLOCK | O_CLOEXEC) != 0)
		return -1;
	pd = pd_new(record, log_pipe[1], &err);
	if (pd == NULL)
		return -1;
	for (unsigned int i = 0; i < SLOTS; i++) {
		pd->map[i].size = slot_size(i);
		pd->map[i].base = aligned_alloc(4096, slot_size(i));
		memset(pd->map[i].base, 0, slot_size(i));
	}
	c = &pd->comp[0].c;
	return 0;
}

static int tear_down(void **state)
{
	struct { /* the beginning of the component's state */
		void *memory[2];
	} *s = c->state;

	(void)state;
	free(s->memory[0]);
	free(s->memory[1]);
	for (unsigned int i = 0; i < SLOTS; i++)
		free(pd->map[i].base);
	for (unsigned int i = 0; i < CHANNELS; i++) {
		close(boot_chans(record)[i].wait);
		close(boot_chans(record)[i].ring);
	}
	close(log_pipe[0]);
	close(log_pipe[1]);
	pd_free(pd);
	free(record);
	return 0;
}

/* --- what the monitor and the loop do ------------------------------------- */

static const struct net_virt_stats *stats(uint32_t number)
{
	return slot(number);
}

static void link_up(uint32_t which)
{
	struct link_page *page = slot(SLOT_LINK(which));
	struct side *s = &side[which];
	bool driver = which == ID_DRIVER;
	struct net_queue *in_active = slot(SLOT_IN_ACTIVE(which));
	struct net_queue *in_free = slot(SLOT_IN_FREE(which));
	struct net_queue *out_active = slot(SLOT_OUT_ACTIVE(which));
	struct net_queue *out_free = slot(SLOT_OUT_FREE(which));

	for (uint32_t i = SLOT_IN_ACTIVE(which); i < SLOT_LINK(which); i++)
		memset(slot(i), 0, slot_size(i));
	queue_producer_init(&s->in_put, driver ? in_active : in_free, CAPACITY);
	queue_consumer_init(&s->in_get, driver ? in_free : in_active, CAPACITY);
	queue_producer_init(&s->out_put, driver ? out_free : out_active,
			    CAPACITY);
	queue_consumer_init(&s->out_get, driver ? out_active : out_free,
			    CAPACITY);
	atomic_fetch_add(&page->epoch, 1);
}

static void link_down(uint32_t which)
{
	struct link_page *page = slot(SLOT_LINK(which));

	atomic_fetch_add(&page->epoch, 1);
}

/* Which channels have been rung since the last call. */
static unsigned int rung(void)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < CHANNELS; i++) {
		bits |= pd->chan[i].rung ? 1u << i : 0;
		pd->chan[i].rung = false;
	}
	pd->n_rung = 0;
	return bits;
}

static void notify(uint32_t channel)
{
	virt_ops.notified(c, channel);
}

static void run_dry(void)
{
	unsigned int n = 0;

	while (virt_ops.run(c, 1))
		assert_true(++n < 100);
}

/* Initialised, links up, everything looked at once and armed. */
static void settle(void)
{
	assert_int_equal(virt_ops.init(c), 0);
	link_up(ID_DRIVER);
	link_up(ID_SWITCH);
	run_dry();
	assert_false(virt_ops.arm(c));
	rung();
}

/* --- what the sides do ---------------------------------------------------- */

/* The next descriptor, or -1. */
static int64_t get(struct queue_consumer *q, uint16_t *len)
{
	struct net_desc d;

	if (queue_pending(q) <= 0)
		return -1;
	d = queue_peek(q, 0);
	queue_release(q, 1);
	if (len != NULL)
		*len = d.len;
	return (int64_t)d.io_or_offset;
}

static void put(struct queue_producer *q, int64_t offset, uint16_t len)
{
	queue_put(q, (uint64_t)offset, len);
	queue_publish(q);
}

/* The driver has received @n frames; returns the last one's offset. */
static int64_t receive(unsigned int n)
{
	struct side *s = &side[ID_DRIVER];
	int64_t at = -1;

	for (unsigned int i = 0; i < n; i++) {
		at = get(&s->in_get, NULL);
		assert_true(at >= 0);
		put(&s->in_put, at, 60);
	}
	return at;
}

/* The switch has @n frames to send; returns the last one's offset. */
static int64_t transmit(unsigned int n)
{
	struct side *s = &side[ID_SWITCH];
	int64_t at = -1;

	for (unsigned int i = 0; i < n; i++) {
		at = get(&s->out_get, NULL);
		assert_true(at >= 0);
		put(&s->out_put, at, 90);
	}
	return at;
}

static unsigned int count(struct queue_consumer *q)
{
	unsigned int n = 0;

	while (get(q, NULL) >= 0)
		n++;
	return n;
}

#endif
