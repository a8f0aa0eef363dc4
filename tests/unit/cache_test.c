/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which bytes the virtualisers have the caches cleaned of, and when.
 *
 * The virtualiser is compiled into this test once more, with a cache
 * implementation that keeps a log; the linker then leaves the library's own
 * copy out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define WEIR_CACHE_HEADER "tests/unit/cache_mock.h"
#include "virt/net_virt.c" /* NOLINT(bugprone-suspicious-include): see above */

#include "tests/unit/virt_rig.h"

#define N 4u

/* The ring that the operations are for, or NULL. */
static const struct net_queue *watched;

static uint32_t tail(void)
{
	return watched ? atomic_load(&watched->tail) : 0;
}

static struct virt_rig *start(bool rx)
{
	struct virt_rig *r;

	cache_n_ops = 0;
	watched = NULL;
	r = virt_rig_start(rx, NET_VIRT_IO, N);
	return r;
}

static void expect_op(unsigned int i, char what, const uint8_t *at, size_t size)
{
	assert_in_range(i, 0, cache_n_ops - 1);
	assert_int_equal(cache_ops[i].what, what);
	assert_ptr_equal(cache_ops[i].start, at);
	assert_int_equal(cache_ops[i].size, size);
}

/* Stale lines must not be written back over what the device receives. */
static void rx_cleans_a_buffer_before_it_is_first_lent(void **state)
{
	struct virt_rig *r = start(true);
	uint8_t *data = r->config.data;

	(void)state;
	assert_int_equal(cache_n_ops, N + 1);
	for (unsigned int i = 0; i < N; i++)
		expect_op(i, 'i', data + VIRT_AT(i), VIRT_BUFFER);
	expect_op(N, 's', NULL, 0);

	/* Not the second time: nobody but the device has written it. */
	assert_int_equal(virt_get(&r->source, NULL), 0);
	virt_put(&r->source, 0, 60);
	virt_rig_run(r);
	virt_put(&r->sink, 0, 0);
	cache_n_ops = 0;
	virt_rig_run(r);
	assert_int_equal(queue_pending(&r->source.get), N);
	assert_int_equal(cache_n_ops, 0);

	/* Another driver is another matter. */
	virt_rig_down(r, &r->source);
	virt_rig_up(r, &r->source);
	cache_n_ops = 0;
	virt_rig_run(r);
	assert_int_equal(cache_n_ops, N + 1);
	virt_rig_free(r);
}

static void rx_invalidates_the_frame_and_no_more(void **state)
{
	struct virt_rig *r = start(true);
	uint8_t *data = r->config.data;

	(void)state;
	cache_n_ops = 0;
	watched = r->config.sw.active;
	virt_put(&r->source, VIRT_AT(3), 60);
	virt_put(&r->source, VIRT_BUFFER, VIRT_BUFFER);
	virt_rig_run(r);
	assert_int_equal(cache_n_ops, 3);
	expect_op(0, 'i', data + VIRT_AT(3), 60);
	expect_op(1, 'i', data + VIRT_BUFFER, VIRT_BUFFER);
	/* One wait for both, and before the switch can see them. */
	expect_op(2, 's', NULL, 0);
	assert_int_equal(cache_ops[2].published, 0);
	assert_int_equal(atomic_load(&watched->tail), 2);
	virt_rig_free(r);
}

static void tx_cleans_the_frame_and_no_more(void **state)
{
	struct virt_rig *r = start(false);
	uint8_t *data = r->config.data;

	(void)state;
	/* Lending to the switch asks nothing of the cache. */
	assert_int_equal(cache_n_ops, 0);
	watched = r->config.driver.active;
	virt_put(&r->source, VIRT_AT(2), 14);
	virt_put(&r->source, 0, 99);
	virt_rig_run(r);
	assert_int_equal(cache_n_ops, 3);
	expect_op(0, 'c', data + VIRT_AT(2), 14);
	expect_op(1, 'c', data, 99);
	expect_op(2, 's', NULL, 0);
	assert_int_equal(cache_ops[2].published, 0);
	assert_int_equal(atomic_load(&watched->tail), 2);
	virt_rig_free(r);
}

/* A refused descriptor must not steer cache operations anywhere. */
static void hc25_a_refused_descriptor_touches_no_cache(void **state)
{
	struct virt_rig *r = start(true);

	(void)state;
	cache_n_ops = 0;
	virt_put(&r->source, VIRT_AT(N), 60);
	virt_put(&r->source, 1, 60);
	virt_put(&r->source, 0, VIRT_BUFFER + 1);
	virt_rig_run(r);
	assert_int_equal(virt_refused(r, &r->source, NET_VIRT_BAD_OFFSET), 2);
	assert_int_equal(virt_refused(r, &r->source, NET_VIRT_BAD_LENGTH), 1);
	assert_int_equal(cache_n_ops, 0);
	virt_rig_free(r);
}

/* Two buffers in one line would be maintained in each other's time. */
static void a_region_off_the_lines_is_refused(void **state)
{
	struct virt_rig *r = virt_rig_make(true, NET_VIRT_IO, N);

	(void)state;
	r->config.data_size -= VIRT_BUFFER;
	r->config.data += 32;
	assert_false(virt_rig_init(r));
	r->config.data -= 32;
	cache_mock_line = VIRT_AT(2);
	assert_false(virt_rig_init(r));
	cache_mock_line = CACHE_MOCK_LINE;
	assert_true(virt_rig_init(r));
	virt_rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rx_cleans_a_buffer_before_it_is_first_lent),
		cmocka_unit_test(rx_invalidates_the_frame_and_no_more),
		cmocka_unit_test(tx_cleans_the_frame_and_no_more),
		cmocka_unit_test(hc25_a_refused_descriptor_touches_no_cache),
		cmocka_unit_test(a_region_off_the_lines_is_refused),
	};

	cache_published = tail;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
