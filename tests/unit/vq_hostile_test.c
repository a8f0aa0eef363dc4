/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues whose driver lies.  The number in a name is a row of the list of
 * past vulnerabilities that this project keeps (docs/hostile-cases.md).
 */
#include "tests/unit/vq_rig.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

/* --- hc04, hc24: an index that cannot be -------------------------------- */

static void hc04_an_index_ahead_of_the_ring(void **state)
{
	(void)state;
	for (unsigned int ahead = 0; ahead < 65536;
	     ahead += ahead < 20 ? 1 : 97) {
		struct vq_rig r;

		vr_begin(&r, VR_SPLIT, 8, VR_FEATURES);
		atomic_store(&vr_avail(&r)->idx, (uint16_t)ahead);
		vr_desc(&r, 0)->addr = VR_BASE + VR_DATA;
		vr_desc(&r, 0)->len = 1;
		if (ahead > 8) {
			assert_int_equal(vq_take(&r.vq, &r.chain), -1);
			assert_int_equal(r.vq.fault, VQ_BAD_INDEX);
			assert_int_equal(r.vq.out, 0);
		}
		for (unsigned int i = 0; i < ahead && ahead <= 8; i++)
			vr_take(&r);
		if (ahead <= 8)
			assert_int_equal(vq_take(&r.vq, &r.chain), 0);
		vr_end(&r);
	}
}

/* A device does not sleep over a fault that it has not seen yet. */
static void hc04_an_index_ahead_keeps_the_device_awake(void **state)
{
	struct vq_rig r;

	(void)state;
	vr_begin(&r, VR_SPLIT, 8, VR_FEATURES);
	assert_false(vq_arm(&r.vq));
	atomic_store(&vr_avail(&r)->idx, 9);
	assert_true(vq_arm(&r.vq));
	assert_int_equal(r.vq.fault, VQ_BAD_INDEX);
	vr_end(&r);
}

/* Chains that are out count: the ring has only so many slots. */
static void hc04_more_chains_than_slots(void **state)
{
	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		struct vq_rig r;

		vr_begin(&r, way, 8, VR_FEATURES);
		for (unsigned int i = 0; i < 8; i++) {
			vr_add_one(&r, true);
			vr_take(&r);
		}
		r.n_free = r.room = 8;
		for (unsigned int i = 0; i < 8; i++)
			r.free[i] = (uint16_t)i;
		vr_add_one(&r, true);
		vr_assert_fault(&r, VQ_BAD_INDEX);
		vr_end(&r);
	}
}

/* A chain that goes on over slots which are out, or that was given back. */
static void hc07_slots_that_are_not_the_drivers(void **state)
{
	struct vr_piece p[6];
	struct vq_rig r;

	(void)state;
	for (unsigned int i = 0; i < 6; i++)
		p[i] = (struct vr_piece){ VR_BASE + VR_DATA, 1, false };
	vr_begin(&r, VR_PACKED, 8, VR_FEATURES);
	vr_add(&r, p, 4, false);
	vr_take(&r);
	r.room = 8;
	vr_add(&r, p, 6, false);
	vr_assert_fault(&r, VQ_LOOP);
	vr_end(&r);
	vr_begin(&r, VR_PACKED, 8, VR_FEATURES);
	*vr_flags(&r, vr_desc(&r, 0)) = VQ_DESC_AVAIL | VQ_DESC_USED;
	assert_int_equal(vq_take(&r.vq, &r.chain), 0);
	vr_end(&r);
}

/* --- bad chains --------------------------------------------------------- */
static void a_head_that_does_not_exist(void **state)
{
	struct vq_rig r;

	(void)state;
	vr_begin_chain(&r, VR_SPLIT);
	vr_avail(&r)->ring[0] = 8;
	/* Even if there happens to be something sound. */
	*vr_desc(&r, 8) = (struct vq_desc){ VR_BASE + VR_DATA, 1, 0, 0 };
	vr_assert_fault(&r, VQ_BAD_HEAD);
	vr_end(&r);
}

static void links_that_lead_nowhere(void **state)
{
	struct vq_rig r;

	(void)state;
	vr_begin_chain(&r, VR_SPLIT);
	vr_desc(&r, 1)->next = 8;
	vr_assert_fault(&r, VQ_BAD_NEXT);
	vr_end(&r);
	vr_begin_chain(&r, VR_SPLIT | VR_INDIRECT);
	((struct vq_desc *)vr_at(&r, VR_BASE + VR_TABLES))[1].next = 3;
	vr_assert_fault(&r, VQ_BAD_NEXT);
	vr_end(&r);
}

static void hc05_chains_that_do_not_end(void **state)
{
	struct vq_rig r;

	(void)state;
	vr_begin_chain(&r, VR_SPLIT);
	vr_desc(&r, 1)->next = 0;
	vr_assert_fault(&r, VQ_LOOP);
	vr_end(&r);
	vr_begin_chain(&r, VR_SPLIT | VR_INDIRECT);
	vr_table(&r)[1].next = 1;
	vr_assert_fault(&r, VQ_LOOP);
	vr_end(&r);
	vr_begin_chain(&r, VR_PACKED);
	for (unsigned int i = 0; i < 8; i++) {
		struct vq_packed_desc *d = (void *)vr_desc(&r, i);

		d->addr = VR_BASE + VR_DATA;
		d->len = 1;
		d->flags = VQ_DESC_AVAIL | VQ_DESC_NEXT;
	}
	vr_assert_fault(&r, VQ_LOOP);
	vr_end(&r);
}

static void hc10_pieces_of_no_bytes(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++)
		for (unsigned int i = 0; i < 3; i++) {
			struct vr_piece p[3] = {
				{ VR_BASE + VR_DATA, 1, false },
				{ VR_BASE + VR_DATA, 1, false },
				{ VR_BASE + VR_DATA, 1, true },
			};
			struct vq_rig r;

			p[i].len = 0;
			vr_begin(&r, way, 8, VR_FEATURES);
			vr_add(&r, p, 3, way & VR_INDIRECT);
			vr_assert_fault(&r, VQ_EMPTY);
			vr_end(&r);
		}
}

static void a_piece_to_read_behind_one_to_write(void **state)
{
	const struct vr_piece p[2] = {
		{ VR_BASE + VR_DATA, 1, true },
		{ VR_BASE + VR_DATA, 1, false },
	};

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		struct vq_rig r;

		vr_begin(&r, way, 8, VR_FEATURES);
		vr_add(&r, p, 2, way & VR_INDIRECT);
		vr_assert_fault(&r, VQ_BAD_ORDER);
		vr_end(&r);
	}
}

/* --- hc08: lengths that add up to too much ------------------------------ */

static void hc08_lengths_that_overflow(void **state)
{
	const uint64_t far = 0x100000000ull;
	const uint32_t half = 0x80000000u;
	struct guest_region huge = { far, half, NULL, true };

	(void)state;
	huge.host = mmap(NULL, half, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(huge.host, MAP_FAILED);
	for (unsigned int way = 0; way < VR_WAYS; way++)
		for (unsigned int writes = 0; writes < 3; writes++) {
			struct vr_piece p[2] = { { far, half, writes == 2 },
						 { far, half, writes > 0 } };
			struct vq_rig r;

			vr_begin(&r, way, 8, VR_FEATURES);
			assert_int_equal(guest_memory_add(&r.memory, &huge),
					 GUEST_ADDED);
			p[0].len -= 1;
			vr_add(&r, p, 2, way & VR_INDIRECT);
			vr_take(&r);
			assert_int_equal(r.chain.in + r.chain.out, UINT32_MAX);
			p[0].len += 1;
			vr_add(&r, p, 2, way & VR_INDIRECT);
			vr_assert_fault(&r, VQ_TOO_LONG);
			vr_end(&r);
		}
	munmap(huge.host, half);
}

/* Regions of a byte each make more pieces of a descriptor than a chain has. */
static void more_pieces_than_a_chain_has(void **state)
{
	struct vr_piece p[VR_SLOTS];
	struct vq_rig r;

	(void)state;
	vr_begin(&r, VR_SPLIT, VR_SLOTS, VR_FEATURES);
	r.memory.region[0].size = VR_DATA;
	for (unsigned int i = 0; i < GUEST_REGIONS - 1; i++) {
		struct guest_region one = { VR_BASE + VR_DATA + i, 1,
					    r.mem + VR_DATA + i, true };

		assert_int_equal(guest_memory_add(&r.memory, &one),
				 GUEST_ADDED);
	}
	for (unsigned int i = 0; i < VR_SLOTS; i++)
		p[i] = (struct vr_piece){ VR_BASE + VR_DATA, GUEST_REGIONS - 1,
					  true };
	vr_add(&r, p, VR_SLOTS, false);
	vr_assert_fault(&r, VQ_TOO_LONG);
	vr_end(&r);
}

/* --- hc06: nothing is lost ---------------------------------------------- */

static void hc06_what_was_taken_can_be_given_back_after_a_fault(void **state)
{
	(void)state;
	for (unsigned int way = 0; way <= VR_PACKED; way++) {
		static struct vq_chain other;
		uint32_t written;
		struct vq_rig r;
		int id;

		vr_begin(&r, way, 8, VR_FEATURES);
		id = vr_add_one(&r, true);
		vr_take(&r);
		vr_add_one(&r, true);
		vr_desc(&r, 1)->len = 0;
		assert_int_equal(vq_take(&r.vq, &other), -1);
		vr_give(&r, 7);
		vq_publish(&r.vq);
		assert_int_equal(vr_collect(&r, &written), id);
		assert_int_equal(written, 7);
		vr_end(&r);
	}
}

/* --- anything at all ---------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

/* What may be relied on, whatever the driver has written. */
static void assert_sound(struct vq_rig *r)
{
	const struct vq_chain *c = &r->chain;
	uint64_t bytes[2] = { 0, 0 };

	assert_in_range(c->pieces, 1, VQ_PIECES);
	assert_in_range(c->readable, 0, c->pieces);
	assert_in_range(c->slots, 1, r->size);
	for (unsigned int i = 0; i < c->pieces; i++) {
		assert_int_not_equal(c->piece[i].len, 0);
		assert_true(c->piece[i].at >= r->mem);
		assert_true(c->piece[i].at + c->piece[i].len <=
			    r->mem + VR_SIZE);
		bytes[i >= c->readable] += c->piece[i].len;
	}
	assert_int_equal(c->in, bytes[0]);
	assert_int_equal(c->out, bytes[1]);
}

/* A word that could be right. */
static uint32_t likely_word(uint64_t *seed)
{
	static const uint32_t some[] = { 0,    1,    16,     32,     48,
					 4096, 0x80, 0x8000, 0xffff, 0x8080 };

	switch (next_random(seed) % 4) {
	case 0:
		return some[next_random(seed) % 10];
	case 1:
		return (uint32_t)next_random(seed) % 16;
	case 2:
		return (uint32_t)(VR_BASE + next_random(seed) % VR_SIZE);
	default:
		return (uint32_t)next_random(seed);
	}
}

static void spoil(struct vq_rig *r, uint64_t *seed)
{
	static const uint32_t part[] = { 0, VR_DRIVER, VR_DEVICE, VR_TABLES };
	unsigned int n = (unsigned int)(next_random(seed) % 4);

	while (n-- > 0) {
		uint32_t at = part[next_random(seed) % 4] +
			      next_random(seed) % 160 / 2 * 2;
		uint32_t word = likely_word(seed);

		memcpy(r->mem + at, &word, next_random(seed) % 2 ? 4 : 2);
	}
}

/* Honest chains, some words of the rings spoilt; take what there is. */
static void hc03_work_is_bounded_whatever_is_written(void **state)
{
	uint64_t seed = 1, chains = 0, faults = 0;

	(void)state;
	for (unsigned int round = 0; round < 40000; round++) {
		unsigned int way = round % VR_WAYS, taken = 0;
		struct vr_piece p[4];
		struct vq_rig r;

		vr_begin(&r, way, 8, VR_FEATURES);
		for (unsigned int i = 0; i < 4; i++)
			p[i] = (struct vr_piece){ VR_BASE + VR_DATA + i * 64,
						  64, i >= round % 5 };
		for (unsigned int i = 0; i < 3; i++)
			vr_add(&r, p, 1 + round % 4, way & VR_INDIRECT);
		spoil(&r, &seed);
		while (vq_take(&r.vq, &r.chain) == 1) {
			assert_sound(&r);
			taken++;
			if (next_random(&seed) % 2)
				spoil(&r, &seed);
		}
		assert_in_range(taken, 0, 8);
		chains += taken;
		faults += r.vq.fault != VQ_OK;
		vr_end(&r);
	}
	/* Or nothing was tested. */
	assert_true(chains > 40000);
	assert_true(faults > 4000);
}

/* --- hc02: what changes while it is looked at --------------------------- */

struct flipper {
	volatile struct vq_desc *d;
	uint64_t addr[2];
	uint32_t len[2];
	atomic_bool stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;

	for (unsigned int i = 0; !atomic_load(&f->stop); i++) {
		f->d->addr = f->addr[i & 1];
		f->d->len = f->len[i >> 1 & 1];
	}
	return NULL;
}

/*
 * A length is right for one address and reaches out of memory at the other. The
 * two threads may share one processor, so looks go on until one found the
 * descriptor sound and one did not.
 */
static void hc02_a_descriptor_that_changes(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		unsigned int sound = 0, unsound = 0;
		struct flipper f = { .addr = { VR_BASE + VR_SIZE - 64,
					       VR_BASE + VR_SIZE - 4096 },
				     .len = { 64, 4096 } };
		struct vr_piece p = { f.addr[0], f.len[0], true };
		struct vq_rig r;
		pthread_t thread;

		vr_begin(&r, way, 8, VR_FEATURES);
		vr_add(&r, &p, 1, way & VR_INDIRECT);
		f.d = way & VR_INDIRECT ? vr_table(&r) : vr_desc(&r, 0);
		assert_int_equal(pthread_create(&thread, NULL, flip, &f), 0);
		for (unsigned int i = 0; i < 100000 || !sound || !unsound;
		     i++) {
			assert_in_range(i, 0, 100000000);
			if (i >= 100000)
				sched_yield();
			if (vq_take(&r.vq, &r.chain) != 1) {
				assert_int_equal(r.vq.fault, VQ_BAD_ADDRESS);
				r.vq.fault = VQ_OK;
				unsound++;
				continue;
			}
			assert_sound(&r);
			vq_untake(&r.vq, 1, r.chain.slots);
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
		T(hc04_an_index_ahead_of_the_ring),
		T(hc04_an_index_ahead_keeps_the_device_awake),
		T(hc04_more_chains_than_slots),
		T(hc07_slots_that_are_not_the_drivers),
		T(a_head_that_does_not_exist),
		T(links_that_lead_nowhere),
		T(hc05_chains_that_do_not_end),
		T(hc10_pieces_of_no_bytes),
		T(a_piece_to_read_behind_one_to_write),
		T(hc08_lengths_that_overflow),
		T(more_pieces_than_a_chain_has),
		T(hc06_what_was_taken_can_be_given_back_after_a_fault),
		T(hc03_work_is_bounded_whatever_is_written),
		T(hc02_a_descriptor_that_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
