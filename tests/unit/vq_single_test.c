/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chains of one piece, taken and given back many at a time.
 *
 * vr_take() and vr_assert_fault() hold vq_take_singles() against vq_take() for
 * every chain of the other tests: it takes none that is refused there, and what
 * it takes is the same.
 */
#include "tests/unit/vq_rig.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define SLOTS 8u
#define PIECE 64u

static const struct vr_piece two[2] = {
	{ VR_BASE + VR_DATA, 12, false },
	{ VR_BASE + VR_DATA + 100, 50, false },
};

/* Make a piece available, one of many places. Return: its name. */
static int add(struct vq_rig *r, unsigned int place, bool write)
{
	const struct vr_piece p = {
		VR_BASE + VR_DATA + (uint64_t)(place % 64) * PIECE,
		1 + place % PIECE,
		write,
	};

	return vr_add(r, &p, 1, false);
}

static void assert_single(struct vq_rig *r, const struct vq_single *s, int id,
			  unsigned int place)
{
	assert_int_equal(s->id, id);
	assert_int_equal(s->len, 1 + place % PIECE);
	assert_ptr_equal(s->at, r->mem + VR_DATA + (place % 64) * PIECE);
}

/* Any number of them, at any place of the ring, some of them put back. */
static void they_go_round(struct vq_rig *r)
{
	unsigned int place = 0;
	struct vq_single s[SLOTS + 1];
	uint32_t written;

	for (unsigned int turn = 0; turn < 20000; turn++) {
		unsigned int n = turn % (r->size + 1);
		unsigned int some = turn / 3 % (n + 1);
		bool write = turn % 2;
		int id[SLOTS];

		for (unsigned int i = 0; i < n; i++)
			id[i] = add(r, place + i, write);
		assert_int_equal(
			vq_take_singles(&r->vq, s, r->size + 1, !write), 0);
		assert_int_equal(vq_take_singles(&r->vq, s, some, write), some);
		assert_int_equal(vq_take_singles(&r->vq, s + some,
						 r->size + 1 - some, write),
				 n - some);
		for (unsigned int i = 0; i < n; i++)
			assert_single(r, &s[i], id[i], place + i);
		/* Those behind come again. */
		vq_untake(&r->vq, n - some, n - some);
		assert_int_equal(r->vq.out, some);
		vq_give_singles(&r->vq, s, some);
		assert_int_equal(vq_take_singles(&r->vq, s + some, r->size,
						 write),
				 n - some);
		vq_give_singles(&r->vq, s + some, n - some);
		assert_int_equal(vr_collect(r, &written), -1);
		vq_publish(&r->vq);
		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(vr_collect(r, &written), id[i]);
			assert_int_equal(written, s[i].len);
		}
		assert_int_equal(vr_collect(r, &written), -1);
		assert_int_equal(r->vq.out, 0);
		place += n;
	}
}

static void singles_of_both_kinds_of_rings(void **state)
{
	struct vq_rig r;

	(void)state;
	vr_begin(&r, VR_SPLIT, SLOTS, VR_FEATURES);
	they_go_round(&r);
	vr_end(&r);
	for (unsigned int size = 1; size <= SLOTS; size++) {
		vr_begin(&r, VR_PACKED, size, VR_FEATURES);
		they_go_round(&r);
		vr_end(&r);
	}
}

/* What is of another form stays, and so does all behind it. */
static void they_end_at_another_form(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		struct vq_single s[SLOTS];
		struct vq_rig r;
		int id[4];

		vr_begin(&r, way, SLOTS, VR_FEATURES);
		id[0] = add(&r, 1, false);
		id[1] = add(&r, 2, false);
		id[2] = vr_add(&r, two, 1 + !(way & VR_INDIRECT),
			       way & VR_INDIRECT);
		id[3] = add(&r, 3, false);
		assert_int_equal(vq_take_singles(&r.vq, s, SLOTS, false), 2);
		assert_single(&r, &s[0], id[0], 1);
		assert_single(&r, &s[1], id[1], 2);
		assert_int_equal(vq_take_singles(&r.vq, s, SLOTS, false), 0);
		vr_take(&r);
		assert_int_equal(r.chain.id, id[2]);
		assert_int_equal(vq_take_singles(&r.vq, s, SLOTS, false), 1);
		assert_single(&r, &s[0], id[3], 3);
		vr_end(&r);
	}
}

/* A piece is looked for in each region, not only where the last one was. */
static void they_may_be_in_any_region(void **state)
{
	const uint64_t data = VR_BASE + VR_DATA;

	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		struct vr_piece p = { data, 16, true };
		struct guest_region low, high;
		struct vq_single s[4];
		struct vq_rig r;

		vr_begin(&r, way, SLOTS, VR_FEATURES);
		low = high = r.memory.region[0];
		low.size = VR_DATA + 64;
		high.start += low.size;
		high.size = 64;
		high.host += VR_DATA + 0x1000;
		memset(&r.memory, 0, sizeof(r.memory));
		guest_memory_add(&r.memory, &low);
		guest_memory_add(&r.memory, &high);
		vr_add(&r, &p, 1, false);
		p.addr = data + 64;
		vr_add(&r, &p, 1, false);
		p.addr = data + 16;
		vr_add(&r, &p, 1, false);
		/* Over both: of two pieces. */
		p.addr = data + 56;
		vr_add(&r, &p, 1, false);
		assert_int_equal(vq_take_singles(&r.vq, s, 4, true), 3);
		assert_ptr_equal(s[0].at, r.mem + VR_DATA);
		assert_ptr_equal(s[1].at, r.mem + VR_DATA + 0x1000);
		assert_ptr_equal(s[2].at, r.mem + VR_DATA + 16);
		vr_take(&r);
		assert_int_equal(r.chain.pieces, 2);
		vr_end(&r);
	}
}

/* --- drivers that lie --------------------------------------------------- */

static void hc04_no_more_than_the_ring_has_slots(void **state)
{
	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		struct vq_single s[2 * SLOTS];
		struct vq_rig r;

		vr_begin(&r, way, SLOTS, VR_FEATURES);
		for (unsigned int i = 0; i < SLOTS; i++)
			add(&r, i, true);
		assert_int_equal(vq_take_singles(&r.vq, s, 2 * SLOTS, true),
				 SLOTS);
		/* All are out: whatever is available now is a lie. */
		r.n_free = r.room = SLOTS;
		for (unsigned int i = 0; i < SLOTS; i++)
			r.free[i] = (uint16_t)i;
		add(&r, 0, true);
		assert_int_equal(vq_take_singles(&r.vq, s, 1, true), 0);
		vr_assert_fault(&r, VQ_BAD_INDEX);
		vq_give_singles(&r.vq, s, SLOTS);
		assert_int_equal(r.vq.out, 0);
		vr_end(&r);
	}
}

static void hc10_none_without_bytes(void **state)
{
	const struct vr_piece empty = { VR_BASE + VR_DATA, 0, true };

	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		struct vq_single s[2];
		struct vq_rig r;

		vr_begin(&r, way, SLOTS, VR_FEATURES);
		add(&r, 0, true);
		vr_add(&r, &empty, 1, false);
		assert_int_equal(vq_take_singles(&r.vq, s, 2, true), 1);
		vr_assert_fault(&r, VQ_EMPTY);
		vr_end(&r);
	}
}

struct flipper {
	volatile struct vq_desc *d;
	atomic_bool stop;
};

/* One address goes with a short piece only, at the end of the memory. */
static void *flip(void *arg)
{
	struct flipper *f = arg;

	for (unsigned int i = 0; !atomic_load(&f->stop); i++) {
		f->d->addr = VR_BASE + VR_SIZE - (i & 1 ? 4096 : 64);
		f->d->len = i & 2 ? 4096 : 64;
	}
	return NULL;
}

static void hc02_a_piece_that_changes(void **state)
{
	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		const struct vr_piece p = { VR_BASE + VR_SIZE - 64, 64, true };
		unsigned int sound = 0, unsound = 0;
		struct flipper f = { .stop = false };
		struct vq_rig r;
		pthread_t thread;

		vr_begin(&r, way, SLOTS, VR_FEATURES);
		vr_add(&r, &p, 1, false);
		f.d = vr_desc(&r, 0);
		assert_int_equal(pthread_create(&thread, NULL, flip, &f), 0);
		for (unsigned int i = 0; i < 100000 || !sound || !unsound;
		     i++) {
			struct vq_single s;

			assert_in_range(i, 0, 100000000);
			if (i >= 100000)
				sched_yield();
			if (!vr_peek_single(&r, true, &s)) {
				unsound++;
				continue;
			}
			assert_true(s.at >= r.mem &&
				    s.len <= (size_t)(r.mem + VR_SIZE - s.at));
			sound++;
		}
		atomic_store(&f.stop, true);
		pthread_join(thread, NULL);
		vr_end(&r);
	}
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(singles_of_both_kinds_of_rings),
		T(they_end_at_another_form),
		T(they_may_be_in_any_region),
		T(hc04_no_more_than_the_ring_has_slots),
		T(hc10_none_without_bytes),
		T(hc02_a_piece_that_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
