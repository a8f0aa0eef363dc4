/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_virt_rx: which address is spoken on which side, and that a driver does
 * not depend on the switch.  What rx and tx share is in virt_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/virt_rig.h"

#define N 4u

static struct net_desc raw(const struct net_queue *q, unsigned int slot)
{
	return q->desc[slot & (N - 1)];
}

static void check_addresses(enum net_virt_addresses addresses, uint64_t base)
{
	struct virt_rig *r = virt_rig_start(true, addresses, N);
	const struct net_virt_config *c = &r->config;

	/* Lent in order, the first buffer first. */
	for (unsigned int i = 0; i < N; i++) {
		struct net_desc d = raw(c->driver.free, i);

		assert_int_equal(d.io_or_offset, base + VIRT_AT(i));
		assert_int_equal(d.len, 0);
	}
	queue_release(&r->source.get, N);

	queue_put(&r->source.put, base + VIRT_AT(2), 99);
	queue_publish(&r->source.put);
	virt_rig_run(r);
	assert_int_equal(raw(c->sw.active, 0).io_or_offset, VIRT_AT(2));
	assert_int_equal(raw(c->sw.active, 0).len, 99);

	queue_put(&r->sink.put, VIRT_AT(2), 0);
	queue_publish(&r->sink.put);
	virt_rig_run(r);
	assert_int_equal(raw(c->driver.free, N).io_or_offset,
			 base + VIRT_AT(2));
	assert_int_equal(virt_all_refused(r), 0);
	virt_rig_free(r);
}

static void offsets_stay_offsets(void **state)
{
	(void)state;
	check_addresses(NET_VIRT_OFFSET, 0);
}

static void io_addresses_are_the_drivers_alone(void **state)
{
	(void)state;
	check_addresses(NET_VIRT_IO, VIRT_IO);
}

/* Each side's language is refused from the other. */
static void hc25_an_offset_is_no_io_address(void **state)
{
	struct virt_rig *r = virt_rig_start(true, NET_VIRT_IO, N);

	(void)state;
	queue_put(&r->source.put, VIRT_BUFFER, 60);
	queue_publish(&r->source.put);
	queue_put(&r->sink.put, VIRT_IO + VIRT_BUFFER, 0);
	queue_publish(&r->sink.put);
	virt_rig_run(r);
	assert_int_equal(virt_refused(r, &r->source, NET_VIRT_BAD_OFFSET), 1);
	assert_int_equal(virt_refused(r, &r->sink, NET_VIRT_BAD_OFFSET), 1);
	virt_rig_free(r);
}

/* A driver restarts while the switch holds some of the buffers. */
static void a_driver_restart_costs_no_buffer(void **state)
{
	struct virt_rig *r = virt_rig_start(true, NET_VIRT_OFFSET, N);

	(void)state;
	virt_put(&r->source, 0, 60);
	virt_rig_run(r);
	virt_rig_down(r, &r->source);
	virt_rig_run(r);
	/* The frame it had delivered is still the switch's to take. */
	assert_int_equal(virt_get(&r->sink, NULL), 0);
	virt_put(&r->sink, 0, 0);
	virt_rig_run(r);
	virt_rig_up(r, &r->source);
	assert_int_equal(virt_rig_run(r), NET_VIRT_RING_DRIVER);
	assert_int_equal(queue_pending(&r->source.get), N);
	assert_int_equal(virt_all_refused(r), 0);
	virt_rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_stay_offsets),
		cmocka_unit_test(io_addresses_are_the_drivers_alone),
		cmocka_unit_test(hc25_an_offset_is_no_io_address),
		cmocka_unit_test(a_driver_restart_costs_no_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
