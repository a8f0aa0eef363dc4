/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload data through the virtualisers: where both sides have it, it goes with
 * its frame as it came, lies included, for the switch to judge.  Where not,
 * what a side writes there is neither read nor passed on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/virt_rig.h"

#define N 4u

static struct virt_rig *start(void **state, bool offload)
{
	const struct virt_direction *d = *state;
	struct virt_rig *r = virt_rig_make(d->rx, d->addresses, N);

	r->config.offload = offload;
	assert_true(virt_rig_init(r));
	virt_rig_up(r, &r->source);
	virt_rig_up(r, &r->sink);
	virt_rig_run(r);
	return r;
}

static struct net_desc taken(struct virt_peer *p)
{
	struct net_desc d;

	assert_true(queue_pending(&p->get) > 0);
	d = queue_peek_offload(&p->get, 0);
	queue_release(&p->get, 1);
	return d;
}

/* A frame whose descriptor says @o, and its buffer back; as the sink saw it. */
static struct net_desc passed(struct virt_rig *r, struct offload o)
{
	struct net_desc d = taken(&r->source);
	struct net_desc got;

	assert_int_equal(d.info, 0);
	queue_put_offload(&r->source.put, d.io_or_offset, 100, o);
	/* What is behind them is nobody's. */
	memset((void *)r->source.put.shared
		       ->desc[(r->source.put.tail - 1u) & (N - 1)]
		       .pad,
	       0xff, sizeof(d.pad));
	queue_publish(&r->source.put);
	virt_rig_run(r);
	got = taken(&r->sink);
	queue_put_offload(&r->sink.put, got.io_or_offset, 0, o);
	queue_publish(&r->sink.put);
	virt_rig_run(r);
	assert_int_equal(got.len, 100);
	assert_int_equal(got.oid, 0);
	assert_int_equal(got.pad[0] | got.pad[1], 0);
	return got;
}

static void check(void **state, bool offload)
{
	struct virt_rig *r = start(state, offload);

	for (unsigned int i = 0; i < 256 * 8; i++) {
		const struct offload o = {
			.flags = (uint8_t)i,
			.segment = (uint16_t)(i * 8191),
		};
		struct net_desc d = passed(r, o);

		assert_int_equal(d.offload, offload ? o.flags : 0);
		assert_int_equal(d.segment, offload ? o.segment : 0);
	}
	assert_int_equal(virt_all_refused(r), 0);
	assert_true(virt_rig_conserved(r));
	virt_rig_free(r);
}

static void hc43_it_goes_on_as_it_came(void **state)
{
	check(state, true);
}

static void hc43_without_offloads_it_is_never_read(void **state)
{
	check(state, false);
}

int main(void)
{
#define TESTS(TEST)                                                            \
	TEST(hc43_it_goes_on_as_it_came)                                       \
	TEST(hc43_without_offloads_it_is_never_read)
	const struct CMUnitTest tests[] = { VIRT_ALL(TESTS) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
