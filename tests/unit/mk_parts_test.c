/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtualisers' PD and the capture's PD of vmm/microkit on the host's
 * Microkit.  The test plays all others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/link.h"
#include "tests/unit/mk_rig.h"
#include "virt/net_virt.h"
#include "vmm/microkit/ring.h"

#define CAPACITY 64u
#define BUFFER 2048u
#define DATA ((size_t)CAPACITY * BUFFER)
#define PAGE 4096u
#define RING_BYTES 16384u

/* A PD under test and one that is everybody else. */
struct rig {
	struct mk_rig m; /* for mk_rig_share(): @k and @at */
	int pd;
	int other;
};

static void rig_begin(struct rig *r, const char *program)
{
	*r = (struct rig){ 0 };
	r->m.k = kernel_new();
	r->m.at = 0x10000000;
	r->pd = kernel_pd(r->m.k, program, 100, mk_rig_program(program));
	r->other = kernel_pd(r->m.k, "other", 50, NULL);
}

static void *share(struct rig *r, size_t size, bool writable, uint64_t *addr)
{
	return kernel_memory(r->m.k, mk_rig_share(&r->m, "region", size, r->pd,
						  writable, addr));
}

static void *config(struct rig *r, enum mk_kind kind, size_t size)
{
	const struct mk_head head = { MK_MAGIC, MK_VERSION, kind,
				      (uint32_t)size, 0 };
	int region = kernel_region(r->m.k, "config", PAGE);
	void *cfg = kernel_memory(r->m.k, region);

	kernel_map(r->m.k, r->pd, region, 0x8000000, false, "weir_config");
	memcpy(cfg, &head, sizeof(head));
	return cfg;
}

/* --- virtualisers ------------------------------------------------------- */

enum { CH_DRIVER, CH_SWITCH, CH_CTL };

/* Of one direction: queues of both sides, statistics. */
struct direction {
	struct net_queue *driver[2]; /* active, free */
	struct net_queue *sw[2];
	struct link_page *link[NET_VIRT_SIDES];
	struct net_virt_stats *stats;
};

static struct mk_queues queues(struct rig *r, struct net_queue **q,
			       struct link_page **link, uint32_t channel)
{
	size_t size = queue_region_size(CAPACITY);
	struct mk_queues c = { .capacity = CAPACITY, .channel = channel };

	q[0] = share(r, size, true, &c.active);
	q[1] = share(r, size, true, &c.free);
	*link = share(r, PAGE, false, &c.link);
	atomic_store(&(*link)->epoch, 1);
	return c;
}

static void make_direction(struct rig *r, struct mk_virt *c,
			   struct direction *d)
{
	*c = (struct mk_virt){
		.data.size = DATA,
		.memory.size = 4 * PAGE,
		.buffer_size = BUFFER,
		.addresses = NET_VIRT_OFFSET,
		.present = 1,
	};
	c->driver = queues(r, d->driver, &d->link[NET_VIRT_DRIVER], CH_DRIVER);
	c->sw = queues(r, d->sw, &d->link[NET_VIRT_SWITCH], CH_SWITCH);
	share(r, DATA, false, &c->data.addr);
	share(r, c->memory.size, true, &c->memory.addr);
	d->stats = share(r, PAGE, true, &c->stats);
}

static void make_virt(struct rig *r, struct direction *rx, struct direction *tx)
{
	struct mk_net_virt *c;

	rig_begin(r, "net_virt");
	c = config(r, MK_NET_VIRT, sizeof(*c));
	for (unsigned int i = 0; i <= CH_CTL; i++)
		kernel_channel(r->m.k, r->other, i, r->pd, i, false);
	c->ctl_channel = CH_CTL;
	make_direction(r, &c->rx, rx);
	if (tx != NULL)
		make_direction(r, &c->tx, tx);
	kernel_start(r->m.k);
	assert_true(kernel_run(r->m.k));
	kernel_notified(r->m.k, r->other);
}

/* The driver received a frame into buffer 0, which it was lent. */
static void receive(struct rig *r, struct direction *rx, uint16_t tail,
		    uint64_t offset)
{
	rx->driver[0]->desc[0].io_or_offset = offset;
	rx->driver[0]->desc[0].len = 60;
	atomic_store(&rx->driver[0]->tail, tail);
	kernel_notify(r->m.k, r->other, CH_DRIVER);
	assert_true(kernel_run(r->m.k));
}

static void frames_pass_the_virtualisers(void **state)
{
	struct direction rx, tx;
	struct rig r;

	(void)state;
	make_virt(&r, &rx, &tx);
	/* Each source has been lent all buffers. */
	assert_int_equal(rx.driver[1]->tail, CAPACITY);
	assert_int_equal(tx.sw[1]->tail, CAPACITY);
	receive(&r, &rx, 1, rx.driver[1]->desc[0].io_or_offset);
	assert_int_equal(rx.sw[0]->tail, 1);
	assert_int_equal(rx.sw[0]->desc[0].len, 60);
	assert_int_equal(rx.stats->frames, 1);
	assert_int_equal(kernel_notified(r.m.k, r.other), 1u << CH_SWITCH);
	kernel_free(r.m.k);
}

static void one_direction_is_enough(void **state)
{
	struct direction rx;
	struct rig r;

	(void)state;
	make_virt(&r, &rx, NULL);
	receive(&r, &rx, 1, rx.driver[1]->desc[0].io_or_offset);
	assert_int_equal(rx.sw[0]->tail, 1);
	kernel_free(r.m.k);
}

static void hc25_a_drivers_wild_buffer_is_refused(void **state)
{
	struct direction rx, tx;
	struct rig r;

	(void)state;
	make_virt(&r, &rx, &tx);
	receive(&r, &rx, 1, 0xffffffffffff0800ull);
	assert_int_equal(rx.sw[0]->tail, 0);
	assert_int_equal(
		rx.stats->side[NET_VIRT_DRIVER].refused[NET_VIRT_BAD_OFFSET],
		1);
	kernel_free(r.m.k);
}

static void hc24_a_drivers_forged_tail_is_reported(void **state)
{
	struct direction rx, tx;
	struct rig r;

	(void)state;
	make_virt(&r, &rx, &tx);
	receive(&r, &rx, 60000, 0);
	assert_int_equal(rx.stats->side[NET_VIRT_DRIVER].state, NET_VIRT_FAULT);
	assert_true(kernel_notified(r.m.k, r.other) & 1u << CH_CTL);
	/* The other side goes on, and a new epoch heals it. */
	memset(rx.driver[0], 0, queue_region_size(CAPACITY));
	memset(rx.driver[1], 0, queue_region_size(CAPACITY));
	atomic_store(&rx.link[NET_VIRT_DRIVER]->epoch, 3);
	kernel_notify(r.m.k, r.other, CH_CTL);
	assert_true(kernel_run(r.m.k));
	assert_int_equal(rx.stats->side[NET_VIRT_DRIVER].epoch, 3);
	assert_true(kernel_notified(r.m.k, r.other) & 1u << CH_CTL);
	receive(&r, &rx, 1, rx.driver[1]->desc[0].io_or_offset);
	assert_int_equal(rx.sw[0]->tail, 1);
	kernel_free(r.m.k);
}

/* --- captures ----------------------------------------------------------- */

struct capture_rig {
	struct rig r;
	struct net_queue *active;
	struct net_queue *free;
	uint8_t *data;
	struct mk_ring *ring;
	uint16_t put;
};

static void make_capture(struct capture_rig *c)
{
	size_t size = queue_region_size(CAPACITY);
	struct link_page *link;
	struct mk_capture *cfg;

	*c = (struct capture_rig){ 0 };
	rig_begin(&c->r, "capture");
	cfg = config(&c->r, MK_CAPTURE, sizeof(*cfg));
	kernel_channel(c->r.m.k, c->r.other, 0, c->r.pd, 0, false);
	kernel_channel(c->r.m.k, c->r.other, 1, c->r.pd, 1, false);
	cfg->reader_channel = 1;
	cfg->wire = (struct mk_wire){ .channel = 0,
				      .capacity = CAPACITY,
				      .buffer_size = BUFFER,
				      .max_frame = BUFFER };
	c->active = share(&c->r, size, true, &cfg->wire.egress.active);
	c->free = share(&c->r, size, true, &cfg->wire.egress.free);
	cfg->wire.egress.data.size = DATA;
	c->data = share(&c->r, DATA, false, &cfg->wire.egress.data.addr);
	link = share(&c->r, PAGE, false, &cfg->wire.link);
	atomic_store(&link->epoch, 1);
	cfg->memory.size = 4 * PAGE;
	share(&c->r, cfg->memory.size, true, &cfg->memory.addr);
	cfg->ring.size = MK_RING_PAGE + RING_BYTES;
	c->ring = share(&c->r, cfg->ring.size, true, &cfg->ring.addr);
	kernel_start(c->r.m.k);
	assert_true(kernel_run(c->r.m.k));
	kernel_notified(c->r.m.k, c->r.other);
}

/* The switch sends a record of a frame of @len bytes; it says @says. */
static void record(struct capture_rig *c, uint16_t len, uint16_t says)
{
	const struct capture_record rec = { .port = 1, .len = says };
	uint32_t slot = c->put % CAPACITY;
	uint64_t at = c->free->desc[slot].io_or_offset;

	assert_true((uint16_t)(c->free->tail - c->put) > 0);
	memcpy(c->data + at, &rec, sizeof(rec));
	memset(c->data + at + CAPTURE_HEADROOM, c->put, len);
	c->active->desc[slot].io_or_offset = at;
	c->active->desc[slot].len = (uint16_t)(CAPTURE_HEADROOM + len);
	atomic_store(&c->free->head, ++c->put);
	atomic_store(&c->active->tail, c->put);
	kernel_notify(c->r.m.k, c->r.other, 0);
	assert_true(kernel_run(c->r.m.k));
}

static const struct mk_ring_record *at(const struct capture_rig *c,
				       uint64_t pos)
{
	const uint8_t *bytes = (const uint8_t *)c->ring + MK_RING_PAGE;

	return (const void *)(bytes + pos % RING_BYTES);
}

static void records_come_into_the_ring(void **state)
{
	const struct mk_ring_record *rec;
	struct capture_rig c;

	(void)state;
	make_capture(&c);
	assert_true(c.ring->magic == MK_RING_MAGIC);
	record(&c, 60, 60);
	record(&c, 100, 100);
	assert_int_equal(kernel_notified(c.r.m.k, c.r.other) & 2, 2);
	rec = at(&c, 0);
	assert_int_equal(rec->len, 60);
	assert_int_equal(rec->record.port, 1);
	rec = at(&c, rec->bytes);
	assert_int_equal(rec->len, 100);
	assert_int_equal(((const uint8_t *)(rec + 1))[99], 1);
	assert_int_equal(c.ring->written, at(&c, 0)->bytes + rec->bytes);
	kernel_free(c.r.m.k);
}

/* Twenty times around: every position is a whole record, the last ones there. */
static void the_ring_keeps_the_latest(void **state)
{
	struct capture_rig c;
	uint64_t pos = 0;

	(void)state;
	make_capture(&c);
	for (unsigned int i = 0; i < 500; i++) {
		uint16_t len = (uint16_t)(60 + i * 37 % 1400);

		record(&c, len, len);
		while (pos != c.ring->written) {
			const struct mk_ring_record *rec = at(&c, pos);

			assert_int_equal(rec->bytes % 8, 0);
			if (rec->len != 0)
				assert_int_equal(rec->len, len);
			pos += rec->bytes;
		}
		assert_int_equal(c.ring->writing, c.ring->written);
	}
	assert_true(pos > 10 * RING_BYTES);
	kernel_free(c.r.m.k);
}

static void a_record_that_contradicts_itself_is_counted(void **state)
{
	struct capture_rig c;

	(void)state;
	make_capture(&c);
	record(&c, 60, 2000);
	record(&c, 0, 0);
	assert_int_equal(c.ring->written, 0);
	assert_int_equal(c.ring->bad, 2);
	kernel_free(c.r.m.k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_pass_the_virtualisers),
		cmocka_unit_test(one_direction_is_enough),
		cmocka_unit_test(hc25_a_drivers_wild_buffer_is_refused),
		cmocka_unit_test(hc24_a_drivers_forged_tail_is_reported),
		cmocka_unit_test(records_come_into_the_ring),
		cmocka_unit_test(the_ring_keeps_the_latest),
		cmocka_unit_test(a_record_that_contradicts_itself_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
