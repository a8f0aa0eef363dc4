/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_virt_tx: which address is spoken on which side, and that the switch does
 * not depend on a driver.  What rx and tx share is in virt_test.c.
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
	struct virt_rig *r = virt_rig_start(false, addresses, N);
	const struct net_virt_config *c = &r->config;

	for (unsigned int i = 0; i < N; i++)
		assert_int_equal(raw(c->sw.free, i).io_or_offset, VIRT_AT(i));
	queue_release(&r->source.get, N);

	queue_put(&r->source.put, VIRT_AT(3), 99);
	queue_publish(&r->source.put);
	virt_rig_run(r);
	assert_int_equal(raw(c->driver.active, 0).io_or_offset,
			 base + VIRT_AT(3));
	assert_int_equal(raw(c->driver.active, 0).len, 99);

	queue_put(&r->sink.put, base + VIRT_AT(3), 0);
	queue_publish(&r->sink.put);
	virt_rig_run(r);
	assert_int_equal(raw(c->sw.free, N).io_or_offset, VIRT_AT(3));
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

/* A driver dies with frames in hand: the switch has all buffers at once. */
static void a_dead_driver_keeps_no_buffer(void **state)
{
	struct virt_rig *r = virt_rig_start(false, NET_VIRT_IO, N);

	(void)state;
	queue_release(&r->source.get, N);
	for (unsigned int i = 0; i < N; i++)
		virt_put(&r->source, VIRT_AT(i), 60);
	virt_rig_run(r);
	assert_int_equal(queue_pending(&r->source.get), 0);
	virt_rig_down(r, &r->sink);
	assert_int_equal(virt_rig_run(r) & NET_VIRT_RING_DRIVER, 0);
	assert_int_equal(queue_pending(&r->source.get), N);

	/* What it had was of the old epoch: nothing is sent again. */
	virt_rig_up(r, &r->sink);
	virt_rig_run(r);
	assert_int_equal(virt_get(&r->sink, NULL), -1);
	assert_int_equal(r->stats.frames, N);
	virt_rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_stay_offsets),
		cmocka_unit_test(io_addresses_are_the_drivers_alone),
		cmocka_unit_test(a_dead_driver_keeps_no_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
