/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo program by itself: see rig.h.
 */
#include "tests/echo/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/queue.h"

#define BUFFER_SIZE 2048u
/* Rounds after which a loop that will not sleep has failed. */
#define ROUNDS 100000

static struct sys_component cfg;
static struct component self;
static struct net_client_config wire;
static struct link_page page;
static struct queue_consumer tx_active, rx_free;
static struct queue_producer tx_free, rx_active;
static uint64_t clock_ns = 5 * (uint64_t)RIG_SECOND;
static uint64_t wake_ns = UINT64_MAX;
static char said[4096];
static uint64_t hoarded[RIG_CAPACITY];
static unsigned int n_hoarded;

bool rig_hoard;

/* --- the PD --------------------------------------------------------------- */

uint64_t pd_now(const struct component *c)
{
	(void)c;
	return clock_ns;
}

void pd_log(struct component *c, const char *format, ...)
{
	size_t used = strlen(said);
	va_list args;

	(void)c;
	va_start(args, format);
	vsnprintf(said + used, sizeof(said) - used, format, args);
	va_end(args);
	used = strlen(said);
	snprintf(said + used, sizeof(said) - used, "\n");
}

void pd_ring(struct component *c, uint32_t channel)
{
	(void)c;
	assert_int_equal(channel, cfg.wire.channel);
}

void pd_wake_at(struct component *c, uint64_t at_ns)
{
	(void)c;
	wake_ns = at_ns;
}

void pd_wire(struct component *c, const struct sys_wire *w,
	     struct net_client_config *config)
{
	assert_ptr_equal(c, &self);
	assert_ptr_equal(w, &cfg.wire);
	*config = wire;
}

static void *memory(size_t size)
{
	size_t whole = in_lines(size);
	void *p = aligned_alloc(64, whole);

	assert_non_null(p);
	memset(p, 0, whole);
	return p;
}

static void make_wire(void)
{
	size_t queue = queue_region_size(RIG_CAPACITY);
	size_t data = (size_t)RIG_CAPACITY * BUFFER_SIZE;

	wire = (struct net_client_config){
		.tx_active = memory(queue),
		.tx_free = memory(queue),
		.rx_active = memory(queue),
		.rx_free = memory(queue),
		.tx_data = memory(data),
		.rx_data = memory(data),
		.tx_size = data,
		.rx_size = data,
		.capacity = RIG_CAPACITY,
		.buffer_size = BUFFER_SIZE,
		.max_frame = RIG_MAX_FRAME,
		.link = &page,
	};
}

int rig_init(const char *args)
{
	if (wire.tx_active == NULL)
		make_wire();
	cfg = (struct sys_component){
		.kind = SYS_PROGRAM,
		.name = "sw0.web",
		.wire.channel = 3,
		.wire.max_frame = RIG_MAX_FRAME,
		.program.mac = RIG_MAC,
	};
	snprintf(cfg.program.args, sizeof(cfg.program.args), "%s", args);
	if (self.state == NULL)
		self.state = memory(program_ops.state_size);
	self.ops = &program_ops;
	self.cfg = &cfg;
	return program_ops.init(&self);
}

const char *rig_log(void)
{
	static char copy[sizeof(said)];

	memcpy(copy, said, sizeof(said));
	said[0] = '\0';
	return copy;
}

void rig_turn(void)
{
	for (int i = 0; i < ROUNDS; i++)
		if (!program_ops.run(&self, clock_ns) &&
		    !program_ops.arm(&self))
			return;
	fail_msg("it never sleeps");
}

void rig_pass(uint64_t ns)
{
	uint64_t until = clock_ns + ns;

	while (wake_ns <= until) {
		if (wake_ns > clock_ns)
			clock_ns = wake_ns;
		wake_ns = UINT64_MAX;
		rig_turn();
		/* Whoever asks for the present has not noticed its time. */
		assert_true(wake_ns > clock_ns);
	}
	clock_ns = until;
	rig_turn();
}

/* --- the monitor ---------------------------------------------------------- */

void rig_carrier(bool up)
{
	atomic_store(&page.carrier, up);
	rig_turn();
}

void rig_link_down(void)
{
	atomic_store(&page.epoch, (atomic_load(&page.epoch) + 1) & ~1u);
	rig_turn();
}

void rig_link_up(void)
{
	size_t size = queue_region_size(RIG_CAPACITY);

	memset(wire.tx_active, 0, size);
	memset(wire.tx_free, 0, size);
	memset(wire.rx_active, 0, size);
	memset(wire.rx_free, 0, size);
	queue_consumer_init(&tx_active, wire.tx_active, RIG_CAPACITY);
	queue_producer_init(&tx_free, wire.tx_free, RIG_CAPACITY);
	queue_producer_init(&rx_active, wire.rx_active, RIG_CAPACITY);
	queue_consumer_init(&rx_free, wire.rx_free, RIG_CAPACITY);
	n_hoarded = 0;
	atomic_store(&page.epoch, (atomic_load(&page.epoch) + 1) | 1);
	rig_turn();
}

/* --- the switch ----------------------------------------------------------- */

bool rig_send(const void *frame, size_t len)
{
	struct net_desc d;

	assert_true(len > 0 && len <= RIG_MAX_FRAME);
	if (queue_pending(&rx_free) <= 0)
		return false;
	d = queue_peek(&rx_free, 0);
	queue_release(&rx_free, 1);
	assert_true(d.io_or_offset + len <= wire.rx_size);
	memcpy((uint8_t *)(uintptr_t)wire.rx_data + d.io_or_offset, frame, len);
	queue_put(&rx_active, d.io_or_offset, (uint16_t)len);
	queue_publish(&rx_active);
	return true;
}

size_t rig_take(uint8_t *frame)
{
	struct net_desc d;

	if (queue_pending(&tx_active) <= 0)
		return 0;
	d = queue_peek(&tx_active, 0);
	queue_release(&tx_active, 1);
	assert_true(d.len >= 14 && d.len <= RIG_MAX_FRAME);
	assert_true(d.io_or_offset + d.len <= wire.tx_size);
	memcpy(frame, wire.tx_data + d.io_or_offset, d.len);
	if (rig_hoard) {
		assert_true(n_hoarded < RIG_CAPACITY);
		hoarded[n_hoarded++] = d.io_or_offset;
	} else {
		queue_put(&tx_free, d.io_or_offset, 0);
		queue_publish(&tx_free);
	}
	return d.len;
}

unsigned int rig_lent(void)
{
	int n = queue_pending(&rx_free);

	return n > 0 ? (unsigned int)n : 0;
}

void rig_return(void)
{
	while (n_hoarded > 0)
		queue_put(&tx_free, hoarded[--n_hoarded], 0);
	queue_publish(&tx_free);
	rig_turn();
}
