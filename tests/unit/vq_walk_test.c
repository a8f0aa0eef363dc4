/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following chains: every shape an honest driver can give one, against the list
 * of pieces it was made from.
 *
 * Devices of other systems have lost data, and worse, when a header was split
 * at a place their authors had not thought of (hc12), or a frame came in the
 * most pieces (hc13).
 */
#include "tests/unit/vq_rig.h"

#define BYTES 16u
#define PIECES 8u
/* A piece and, behind it, bytes that are nobody's. */
#define STRIDE 32u
#define NOBODYS 0xa5

/* Where the pieces of a message end: bit i is set if one does behind byte i. */
static unsigned int cut(unsigned int ends, struct vr_piece p[PIECES])
{
	unsigned int n = 0, from = 0;

	for (unsigned int i = 0; i < BYTES; i++) {
		if (i + 1 < BYTES && !(ends >> i & 1))
			continue;
		if (n == PIECES)
			return 0;
		p[n].addr = VR_BASE + VR_DATA + n * STRIDE;
		p[n].len = i + 1 - from;
		n++;
		from = i + 1;
	}
	return n;
}

/* Fill the readable pieces with the message's bytes: 1, 2, 3 ... */
static unsigned int fill(struct vq_rig *r, const struct vr_piece *p,
			 unsigned int readable)
{
	uint8_t byte = 0;

	memset(r->mem + VR_DATA, NOBODYS, PIECES * STRIDE);
	for (unsigned int i = 0; i < readable; i++)
		for (unsigned int k = 0; k < p[i].len; k++)
			((uint8_t *)vr_at(r, p[i].addr))[k] = ++byte;
	return byte;
}

/* A header of @header bytes, then the rest: as a device reads it. */
static void assert_reads(const struct vq_chain *chain, uint32_t in,
			 uint32_t header)
{
	struct vq_cursor c = vq_reader(chain);
	uint32_t got = in < header ? in : header;
	uint8_t bytes[BYTES + 1];

	assert_int_equal(chain->in, in);
	assert_int_equal(vq_read(&c, bytes, header), got);
	assert_int_equal(c.left, in - got);
	assert_int_equal(vq_read(&c, bytes + got, BYTES + 1 - got), in - got);
	assert_int_equal(vq_read(&c, bytes, 1), 0);
	for (unsigned int i = got; i < in; i++)
		assert_int_equal(bytes[i], i + 1);
}

/* What is written is in the pieces to be written, in order, and only there. */
static void assert_writes(struct vq_rig *r, const struct vr_piece *p,
			  unsigned int readable, unsigned int n, uint32_t in)
{
	struct vq_cursor c = vq_writer(&r->chain);
	uint32_t out = BYTES - in, first = out / 3;
	uint8_t expected[PIECES * STRIDE];
	uint8_t bytes[BYTES + 1];
	uint8_t byte = 100;

	memcpy(expected, r->mem + VR_DATA, sizeof(expected));
	for (unsigned int i = readable; i < n; i++)
		for (unsigned int k = 0; k < p[i].len; k++)
			expected[i * STRIDE + k] = ++byte;
	for (unsigned int i = 0; i <= BYTES; i++)
		bytes[i] = (uint8_t)(101 + i);
	assert_int_equal(r->chain.out, out);
	assert_int_equal(vq_write(&c, bytes, first), first);
	assert_int_equal(vq_write(&c, bytes + first, BYTES + 1 - first),
			 out - first);
	assert_int_equal(vq_write(&c, bytes, 1), 0);
	assert_memory_equal(r->mem + VR_DATA, expected, sizeof(expected));
}

static void one_shape(struct vq_rig *r, struct vr_piece *p,
		      unsigned int readable, unsigned int n, bool indirect)
{
	uint32_t in = fill(r, p, readable), written;
	struct vq_single single;
	int id;

	for (unsigned int i = 0; i < n; i++)
		p[i].write = i >= readable;
	id = vr_add(r, p, n, indirect);
	assert_int_not_equal(id, -1);
	assert_int_equal(vr_peek_single(r, false, &single),
			 n == 1 && readable == 1 && !indirect);
	assert_int_equal(vr_peek_single(r, true, &single),
			 n == 1 && readable == 0 && !indirect);
	vr_take(r);
	assert_int_equal(r->chain.id, id);
	assert_int_equal(r->chain.pieces, n);
	assert_int_equal(r->chain.readable, readable);
	assert_reads(&r->chain, in, 1 + (in + n) % BYTES);
	assert_writes(r, p, readable, n, in);
	vr_give(r, BYTES - in);
	vq_publish(&r->vq);
	assert_int_equal(vr_collect(r, &written), id);
	assert_int_equal(written, BYTES - in);
}

/* All ways to cut, to read and to write, and to pass a chain. */
static void hc12_every_shape_of_a_chain(void **state)
{
	unsigned int shapes = 0;

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		struct vr_piece p[PIECES];
		struct vq_rig r;

		vr_begin(&r, way, 16, VR_FEATURES);
		for (unsigned int ends = 0; ends < 1u << (BYTES - 1); ends++) {
			unsigned int n = cut(ends, p);

			for (unsigned int k = 0; n > 0 && k <= n; k++) {
				one_shape(&r, p, k, n, way & VR_INDIRECT);
				shapes++;
			}
		}
		vr_end(&r);
	}
	/* For n of 1 to 8 pieces: 15 over n - 1, times n + 1, four times. */
	assert_int_equal(shapes, 4 * 129908);
}

/* As many as the ring has slots, and as many as a table may have. */
static void hc13_the_longest_chains(void **state)
{
	struct vr_piece p[VR_SLOTS];

	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		struct vq_rig r;

		vr_begin(&r, way, VR_SLOTS, VR_FEATURES);
		for (unsigned int i = 0; i < VR_SLOTS; i++)
			p[i] = (struct vr_piece){ VR_BASE + VR_DATA + i, 1,
						  i >= 10 };
		assert_int_not_equal(vr_add(&r, p, VR_SLOTS, way & VR_INDIRECT),
				     -1);
		vr_take(&r);
		assert_int_equal(r.chain.pieces, VR_SLOTS);
		assert_int_equal(r.chain.in, 10);
		assert_int_equal(r.chain.out, VR_SLOTS - 10);
		vr_end(&r);
	}
}

/* A split ring allows pieces before the one that names a table. */
static void a_table_behind_pieces(void **state)
{
	struct vr_piece p[3] = {
		{ VR_BASE + VR_DATA, 5, false },
		{ VR_BASE + VR_TABLES, 32, false },
	};
	struct vq_desc table[2] = {
		{ VR_BASE + VR_DATA + 50, 6, VQ_DESC_NEXT, 1 },
		{ VR_BASE + VR_DATA + 70, 7, VQ_DESC_WRITE, 0 },
	};
	struct vq_rig r;

	(void)state;
	vr_begin(&r, VR_SPLIT, 8, VR_FEATURES);
	memcpy(r.mem + VR_TABLES, table, sizeof(table));
	assert_int_equal(vr_add(&r, p, 2, false), 0);
	vr_desc(&r, vr_desc(&r, 0)->next)->flags = VQ_DESC_INDIRECT;
	vr_take(&r);
	assert_int_equal(r.chain.pieces, 3);
	assert_int_equal(r.chain.in, 11);
	assert_int_equal(r.chain.out, 7);
	vr_end(&r);
}

/* --- memory in several regions ------------------------------------------ */

/*
 * Two regions that touch in the guest, not here, and a third behind a hole,
 * which must not be written.
 */
static void split_memory(struct vq_rig *r)
{
	uint64_t middle = VR_BASE + VR_DATA + 0x100;
	struct guest_region low = r->memory.region[0], high = low, last = low;

	low.size = middle - low.start;
	high.start = middle;
	high.size = 0x100;
	high.host = low.host + VR_DATA + 0x1000;
	last.start = middle + 0x200;
	last.size = 0x100;
	last.host = low.host + VR_DATA + 0x2000;
	last.writable = false;
	memset(&r->memory, 0, sizeof(r->memory));
	assert_int_equal(guest_memory_add(&r->memory, &last), GUEST_ADDED);
	assert_int_equal(guest_memory_add(&r->memory, &low), GUEST_ADDED);
	assert_int_equal(guest_memory_add(&r->memory, &high), GUEST_ADDED);
}

static void a_piece_over_two_regions_becomes_two(void **state)
{
	const struct vr_piece p = { VR_BASE + VR_DATA + 0xf0, 0x30, true };
	struct vq_rig r;

	(void)state;
	vr_begin(&r, VR_SPLIT, 8, VR_FEATURES);
	split_memory(&r);
	vr_add(&r, &p, 1, false);
	vr_take(&r);
	assert_int_equal(r.chain.pieces, 2);
	assert_ptr_equal(r.chain.piece[0].at, r.mem + VR_DATA + 0xf0);
	assert_int_equal(r.chain.piece[0].len, 0x10);
	assert_ptr_equal(r.chain.piece[1].at, r.mem + VR_DATA + 0x1000);
	assert_int_equal(r.chain.piece[1].len, 0x20);
	assert_int_equal(r.chain.out, 0x30);
	vr_end(&r);
}

static void memory_that_is_not_the_guests(void **state)
{
	const uint64_t data = VR_BASE + VR_DATA;
	const struct {
		struct vr_piece piece;
		enum vq_fault fault;
	} wrong[] = {
		{ { VR_BASE - 1, 1, false }, VQ_BAD_ADDRESS },
		{ { 0, 1, false }, VQ_BAD_ADDRESS },
		{ { UINT64_MAX, 1, false }, VQ_BAD_ADDRESS },
		{ { UINT64_MAX - 3, 100, false }, VQ_BAD_ADDRESS },
		{ { data + 0x1f0, 0x11, false }, VQ_BAD_ADDRESS },
		{ { data + 0x200, 1, true }, VQ_BAD_ADDRESS },
		{ { data + 0x2ff, 1, false }, VQ_BAD_ADDRESS },
		{ { data + 0x300, 1, true }, VQ_READ_ONLY },
		{ { data + 0x3f0, 0x11, false }, VQ_BAD_ADDRESS },
		{ { data, UINT32_MAX, false }, VQ_BAD_ADDRESS },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		for (unsigned int way = 0; way < VR_WAYS; way++) {
			struct vq_single single;
			struct vq_rig r;

			vr_begin(&r, way, 8, VR_FEATURES);
			split_memory(&r);
			vr_add(&r, &wrong[i].piece, 1, way & VR_INDIRECT);
			assert_false(vr_peek_single(&r, wrong[i].piece.write,
						    &single));
			assert_int_equal(vq_take(&r.vq, &r.chain), -1);
			assert_int_equal(r.vq.fault, wrong[i].fault);
			vr_end(&r);
		}
}

static void regions_that_cannot_be(void **state)
{
	static uint8_t host[0x1000];
	struct guest_memory m = { 0 };
	struct guest_region r = { 0x1000, 0x1000, host, true };
	struct guest_region bad = r;

	(void)state;
	assert_int_equal(guest_memory_add(&m, &r), GUEST_ADDED);
	assert_int_equal(guest_memory_add(&m, &r), GUEST_OVERLAPS);
	bad.start = 0x1fff;
	assert_int_equal(guest_memory_add(&m, &bad), GUEST_OVERLAPS);
	bad.start = 0x800;
	assert_int_equal(guest_memory_add(&m, &bad), GUEST_OVERLAPS);
	bad.size = 0;
	assert_int_equal(guest_memory_add(&m, &bad), GUEST_EMPTY);
	bad.size = UINT64_MAX;
	assert_int_equal(guest_memory_add(&m, &bad), GUEST_WRAPS);
	bad = (struct guest_region){ UINT64_MAX - 0xfff, 0x1000, host, true };
	assert_int_equal(guest_memory_add(&m, &bad), GUEST_WRAPS);
	assert_int_equal(m.n, 1);
	for (uint64_t i = 1; i < GUEST_REGIONS; i++) {
		r.start += 0x1000;
		assert_int_equal(guest_memory_add(&m, &r), GUEST_ADDED);
	}
	r.start += 0x1000;
	assert_int_equal(guest_memory_add(&m, &r), GUEST_FULL);
	assert_false(guest_memory_remove(&m, 0x1000, 0x800));
	assert_false(guest_memory_remove(&m, 0x1800, 0x1000));
	assert_true(guest_memory_remove(&m, 0x2000, 0x1000));
	assert_null(guest_memory_at(&m, 0x2000, 1, false));
	assert_ptr_equal(guest_memory_at(&m, 0x1ff0, 16, true), host + 0xff0);
	assert_null(guest_memory_at(&m, 0x1ff0, 17, true));
	assert_ptr_equal(guest_memory_at(&m, 0x3000, 1, true), host);
	assert_int_equal(m.n, GUEST_REGIONS - 1);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hc12_every_shape_of_a_chain),
		T(hc13_the_longest_chains),
		T(a_table_behind_pieces),
		T(a_piece_over_two_regions_becomes_two),
		T(memory_that_is_not_the_guests),
		T(regions_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
