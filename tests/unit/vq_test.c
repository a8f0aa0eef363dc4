/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtqueue with an honest driver: chains, the order of things, and who is
 * told when.  vq_setup_test.c sets queues up, vq_walk_test.c has all shapes of a
 * chain, vq_hostile_test.c the drivers that lie.
 */
#include "tests/unit/vq_rig.h"

#include <stdatomic.h>

/* Each test runs with both kinds of rings. */
static void with_both(void (*test)(struct vq_rig *r), unsigned int size,
		      uint64_t features)
{
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		struct vq_rig r;

		vr_begin(&r, way, size, features);
		test(&r);
		vr_end(&r);
	}
}

/* --- chains ------------------------------------------------------------- */

static void an_empty_queue_has_nothing(struct vq_rig *r)
{
	uint32_t written;

	assert_int_equal(vq_take(&r->vq, &r->chain), 0);
	assert_int_equal(vr_collect(r, &written), -1);
	assert_int_equal(r->vq.fault, VQ_OK);
}

/* More often than an index has values. */
static void chains_go_round(struct vq_rig *r)
{
	struct vr_piece p[3] = {
		{ VR_BASE + VR_DATA, 12, false },
		{ VR_BASE + VR_DATA + 100, 50, true },
		{ VR_BASE + VR_DATA + 200, 60, true },
	};
	uint32_t written;

	for (unsigned int turn = 0; turn < 70000; turn++) {
		unsigned int n = 1 + turn % 3;
		int id = vr_add(r, p, n, false);

		assert_in_range(id, 0, r->size - 1);
		vr_take(r);
		assert_int_equal(r->chain.id, id);
		assert_int_equal(r->chain.pieces, n);
		assert_int_equal(r->chain.readable, 1);
		assert_int_equal(r->chain.in, 12);
		assert_int_equal(r->chain.out, n == 1 ? 0 : n == 2 ? 50 : 110);
		assert_ptr_equal(r->chain.piece[0].at, r->mem + VR_DATA);
		vr_give(r, turn);
		assert_int_equal(vr_collect(r, &written), -1);
		vq_publish(&r->vq);
		assert_int_equal(vr_collect(r, &written), id);
		assert_int_equal(written, turn);
	}
	assert_int_equal(vq_take(&r->vq, &r->chain), 0);
}

static void a_full_ring_is_taken_and_given_back(struct vq_rig *r)
{
	int id[VR_SLOTS];
	uint32_t written;

	for (unsigned int turn = 0; turn < 5; turn++) {
		for (unsigned int i = 0; i < r->size; i++)
			id[i] = vr_add_one(r, true);
		assert_int_equal(vr_add_one(r, true), -1);
		for (unsigned int i = 0; i < r->size; i++) {
			vr_take(r);
			assert_int_equal(r->chain.id, id[i]);
			vr_give(r, i);
		}
		assert_int_equal(vq_take(&r->vq, &r->chain), 0);
		assert_int_equal(vr_collect(r, &written), -1);
		vq_publish(&r->vq);
		for (unsigned int i = 0; i < r->size; i++) {
			assert_int_equal(vr_collect(r, &written), id[i]);
			assert_int_equal(written, i);
		}
		assert_int_equal(vr_collect(r, &written), -1);
	}
}

static void chains_come_back_in_any_order(struct vq_rig *r)
{
	struct vr_piece p[2] = {
		{ VR_BASE + VR_DATA, 10, false },
		{ VR_BASE + VR_DATA, 10, true },
	};
	unsigned int slots[3] = { 2, 1, 2 };
	int id[3];
	uint32_t written;

	for (unsigned int turn = 0; turn < 1000; turn++) {
		uint16_t took[3];

		for (unsigned int i = 0; i < 3; i++)
			id[i] = vr_add(r, p, slots[i], false);
		for (unsigned int i = 0; i < 3; i++) {
			vr_take(r);
			took[i] = r->chain.slots;
		}
		for (unsigned int i = 0; i < 3; i++) {
			unsigned int which = (turn + i * 2) % 3;

			vq_give(&r->vq, (uint16_t)id[which], took[which],
				which);
		}
		vq_publish(&r->vq);
		for (unsigned int i = 0; i < 3; i++) {
			unsigned int which = (turn + i * 2) % 3;

			assert_int_equal(vr_collect(r, &written), id[which]);
			assert_int_equal(written, which);
		}
	}
}

static void what_is_put_back_comes_again(struct vq_rig *r)
{
	int first, second;

	for (unsigned int turn = 0; turn < 100; turn++) {
		uint32_t written;

		first = vr_add_one(r, true);
		second = vr_add_one(r, false);
		vr_take(r);
		vq_untake(&r->vq, 1, r->chain.slots);
		vr_take(r);
		assert_int_equal(r->chain.id, first);
		vr_give(r, 0);
		vr_take(r);
		assert_int_equal(r->chain.id, second);
		vq_untake(&r->vq, 1, r->chain.slots);
		vr_take(r);
		assert_int_equal(r->chain.id, second);
		vr_give(r, 0);
		assert_int_equal(vq_take(&r->vq, &r->chain), 0);
		vq_publish(&r->vq);
		assert_int_equal(vr_collect(r, &written), first);
		assert_int_equal(vr_collect(r, &written), second);
	}
}

static void a_stopped_queue_goes_on(struct vq_rig *r)
{
	uint32_t written;

	for (unsigned int turn = 0; turn < 200; turn++) {
		int done = vr_add_one(r, true), left;

		vr_take(r);
		vr_give(r, 1);
		vq_publish(&r->vq);
		left = vr_add_one(r, true);
		vq_where(&r->vq, &r->config.next, &r->config.used);
		assert_int_equal(vq_start(&r->vq, &r->memory, &r->config),
				 VQ_STARTED);
		assert_int_equal(vr_collect(r, &written), done);
		vr_take(r);
		assert_int_equal(r->chain.id, left);
		vr_give(r, 2);
		vq_publish(&r->vq);
		assert_int_equal(vr_collect(r, &written), left);
	}
}

static void chains_of_both_kinds(void **state)
{
	(void)state;
	with_both(an_empty_queue_has_nothing, 8, VR_FEATURES);
	with_both(chains_go_round, 8, VR_FEATURES);
	with_both(chains_go_round, 4, 0);
	with_both(a_full_ring_is_taken_and_given_back, 1, VR_FEATURES);
	with_both(a_full_ring_is_taken_and_given_back, 64, VR_FEATURES);
	with_both(chains_come_back_in_any_order, 8, VR_FEATURES);
	with_both(what_is_put_back_comes_again, 4, VR_FEATURES);
	with_both(a_stopped_queue_goes_on, 4, VR_FEATURES);
}

/* A packed ring need not be a power of two. */
static void packed_rings_of_any_size(void **state)
{
	(void)state;
	for (unsigned int size = 3; size < 12; size++) {
		struct vq_rig r;

		vr_begin(&r, VR_PACKED, size, VR_FEATURES);
		chains_go_round(&r);
		a_full_ring_is_taken_and_given_back(&r);
		vr_end(&r);
	}
}

/* --- notifications ------------------------------------------------------ */

/*
 * The driver says at which index it wants to be told.  The device gives back
 * some chains, asks, and is told the truth: whether that index was among them.
 */
static void the_driver_is_told_where_it_asked(struct vq_rig *r)
{
	unsigned int at = 0;
	uint16_t turn = 1;
	uint32_t written;

	for (unsigned int round = 0; round < 20000; round++) {
		unsigned int n = 1 + round * 7 % r->size;
		unsigned int wanted = (round * 5 + round / 3) % (2 * r->size);
		unsigned int slot = at + wanted;

		if (r->packed) {
			uint16_t wrap = turn;

			for (; slot >= r->size; slot -= r->size)
				wrap ^= 1;
			vr_event(r, VR_DRIVER)->flags = VQ_EVENT_AT;
			vr_event(r, VR_DRIVER)->at =
				(uint16_t)(slot | wrap << 15);
		} else {
			vr_avail(r)->ring[r->size] = (uint16_t)slot;
		}
		for (unsigned int i = 0; i < n; i++)
			assert_int_not_equal(vr_add_one(r, true), -1);
		for (unsigned int i = 0; i < n; i++) {
			vr_take(r);
			vr_give(r, 0);
		}
		vq_publish(&r->vq);
		/* Two turns ahead cannot be told from this one, if packed. */
		if (!r->packed || wanted < r->size)
			assert_int_equal(vq_must_notify(&r->vq), wanted < n);
		else
			vq_must_notify(&r->vq);
		assert_false(vq_must_notify(&r->vq));
		for (unsigned int i = 0; i < n; i++)
			vr_collect(r, &written);
		at += n;
		if (r->packed && at >= r->size) {
			at -= r->size;
			turn ^= 1;
		}
	}
}

static void packed_next(const struct vq_rig *r, struct vq_position *p)
{
	if (++p->at == r->size) {
		p->at = 0;
		p->wrap ^= 1;
	}
}

/* Of a chain of several slots, each may be the one that it asked for. */
static void slots_inside_a_chain_count(struct vq_rig *r)
{
	struct vr_piece p[3];
	uint32_t written;

	for (unsigned int i = 0; i < 3; i++)
		p[i] = (struct vr_piece){ VR_BASE + VR_DATA, 1, true };
	for (unsigned int round = 0; round < 1000; round++) {
		struct vq_position asked = r->next;
		unsigned int n = 1 + round % 3, wanted = round / 3 % 4;

		for (unsigned int i = 0; i < wanted; i++)
			packed_next(r, &asked);
		vr_event(r, VR_DRIVER)->flags = VQ_EVENT_AT;
		vr_event(r, VR_DRIVER)->at =
			(uint16_t)(asked.at | asked.wrap << 15);
		vr_add(r, p, n, false);
		vr_take(r);
		vr_give(r, n);
		vq_publish(&r->vq);
		assert_int_equal(vq_must_notify(&r->vq), wanted < n);
		assert_int_not_equal(vr_collect(r, &written), -1);
	}
}

/* A device that has not asked for very long has much to tell. */
static void nothing_is_forgotten(struct vq_rig *r)
{
	uint32_t written;

	for (unsigned int i = 0; i < 65536; i++) {
		vr_add_one(r, true);
		vr_take(r);
		vr_give(r, 0);
		vq_publish(&r->vq);
		vr_collect(r, &written);
	}
	assert_true(vq_must_notify(&r->vq));
	assert_false(vq_must_notify(&r->vq));
}

/* An index that was passed before is history. */
static void nothing_is_told_twice(struct vq_rig *r)
{
	uint32_t written;

	for (unsigned int round = 0; round < 1000; round++) {
		struct vq_position asked = r->next;

		vr_event(r, VR_DRIVER)->flags = VQ_EVENT_AT;
		for (unsigned int i = 0; i < 4; i++) {
			if (r->packed)
				vr_event(r, VR_DRIVER)->at =
					(uint16_t)(asked.at | asked.wrap << 15);
			else
				vr_avail(r)->ring[r->size] = asked.at;
			vr_add_one(r, true);
			vr_take(r);
			vr_give(r, 0);
			vq_publish(&r->vq);
			assert_int_equal(vq_must_notify(&r->vq), i == 0);
			vr_collect(r, &written);
		}
	}
}

/* Without event indices a packed ring's driver cannot ask for one. */
static void an_index_that_was_not_agreed(struct vq_rig *r)
{
	if (!r->packed)
		return;
	vr_event(r, VR_DRIVER)->flags = VQ_EVENT_AT;
	vr_event(r, VR_DRIVER)->at = 5 | 0x8000;
	vr_add_one(r, true);
	vr_take(r);
	vr_give(r, 0);
	vq_publish(&r->vq);
	assert_true(vq_must_notify(&r->vq));
}

static void flags_turn_interrupts_off(struct vq_rig *r)
{
	for (unsigned int off = 0; off < 2; off++) {
		if (r->packed)
			vr_event(r, VR_DRIVER)->flags = off ? VQ_EVENT_NEVER
							    : VQ_EVENT_ALWAYS;
		else
			vr_avail(r)->flags = off ? VQ_NO_NOTIFY : 0;
		assert_false(vq_must_notify(&r->vq));
		vr_add_one(r, true);
		vr_take(r);
		vr_give(r, 0);
		vq_publish(&r->vq);
		assert_int_equal(vq_must_notify(&r->vq), !off);
		assert_false(vq_must_notify(&r->vq));
	}
}

/* Whether the driver would ring for the chain it adds next. */
static bool driver_rings(struct vq_rig *r)
{
	struct vq_event *event;
	uint16_t wanted;

	if (!r->packed) {
		if (!(r->config.features & VQ_F_EVENT))
			return !(vr_used(r)->flags & VQ_NO_NOTIFY);
		memcpy(&wanted, &vr_used(r)->ring[r->size], sizeof(wanted));
		return wanted == r->next.at;
	}
	event = vr_event(r, VR_DEVICE);
	if (event->flags != VQ_EVENT_AT)
		return event->flags == VQ_EVENT_ALWAYS;
	return event->at == (r->next.at | r->next.wrap << 15);
}

static void a_device_that_sleeps_is_woken(struct vq_rig *r)
{
	uint32_t written;

	for (unsigned int turn = 0; turn < 200; turn++) {
		assert_false(vq_arm(&r->vq));
		assert_true(driver_rings(r));
		if (r->packed && r->config.features & VQ_F_EVENT)
			assert_int_equal(vr_event(r, VR_DEVICE)->flags,
					 VQ_EVENT_AT);
		vr_add_one(r, true);
		/* What came before it slept keeps it awake. */
		assert_true(vq_arm(&r->vq));
		vq_disarm(&r->vq);
		if (r->packed || !(r->config.features & VQ_F_EVENT))
			assert_false(driver_rings(r));
		vr_take(r);
		vr_give(r, 0);
		vq_publish(&r->vq);
		vr_collect(r, &written);
		assert_false(driver_rings(r));
	}
}

/* It waits for the next chain, whatever it still holds. */
static void a_device_that_holds_chains_is_woken(struct vq_rig *r)
{
	for (unsigned int i = 0; i < r->size; i++) {
		assert_false(vq_arm(&r->vq));
		assert_true(driver_rings(r));
		vr_add_one(r, true);
		vr_take(r);
	}
}

static void notifications_of_both_kinds(void **state)
{
	(void)state;
	with_both(the_driver_is_told_where_it_asked, 8, VR_FEATURES);
	with_both(the_driver_is_told_where_it_asked, 64, VR_FEATURES);
	with_both(nothing_is_forgotten, 8, 0);
	with_both(nothing_is_told_twice, 8, VR_FEATURES);
	with_both(an_index_that_was_not_agreed, 8, VQ_F_VERSION_1);
	with_both(flags_turn_interrupts_off, 8, 0);
	with_both(a_device_that_sleeps_is_woken, 8, VR_FEATURES);
	with_both(a_device_that_sleeps_is_woken, 8, 0);
	with_both(a_device_that_holds_chains_is_woken, 8, VR_FEATURES);
	with_both(a_device_that_holds_chains_is_woken, 8, 0);
}

/* The counter that says at which turn a slot is changes at any size. */
static void notifications_of_packed_rings_of_any_size(void **state)
{
	(void)state;
	for (unsigned int size = 3; size < 14; size++) {
		struct vq_rig r;

		vr_begin(&r, VR_PACKED, size, VR_FEATURES);
		the_driver_is_told_where_it_asked(&r);
		vr_end(&r);
		vr_begin(&r, VR_PACKED, size, VR_FEATURES);
		a_device_that_sleeps_is_woken(&r);
		vr_end(&r);
		vr_begin(&r, VR_PACKED, size, VR_FEATURES);
		slots_inside_a_chain_count(&r);
		vr_end(&r);
	}
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(chains_of_both_kinds),
		T(packed_rings_of_any_size),
		T(notifications_of_both_kinds),
		T(notifications_of_packed_rings_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
