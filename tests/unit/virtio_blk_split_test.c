/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio disk's requests, whose header, data and answer are cut into up to
 * eight pieces in every way, against a model that knows where each byte is.
 *
 * A header of 16 bytes is cut anywhere; data of a sector near its ends and in
 * its middle, so that a piece may hold the header's end and data, or data and
 * the answer.
 */
#include "tests/unit/virtio_blk_rig.h"

#define PIECES 8u
/* Between pieces there are bytes that are nobody's. */
#define GAP 24u
#define LONGEST (VB_HEADER + VBLK_SECTOR + 1)

/* A request as the guest has laid it out: where each byte of it is. */
struct layout {
	struct vr_piece piece[PIECES];
	unsigned int n;
	uint64_t byte[LONGEST];
};

/*
 * Cut @len bytes, from byte @first on, behind each of @places whose bit is set.
 *
 * Return: false if these are too many pieces.
 */
static bool cut(struct layout *l, uint32_t first, uint32_t len,
		const uint32_t *places, unsigned int n, uint32_t which,
		bool write)
{
	uint32_t from = 0;

	for (unsigned int i = 0; i <= n; i++) {
		uint32_t to = i < n ? places[i] : len;
		uint64_t at = VB_DATA + first + from + GAP * (uint64_t)l->n;

		if (i < n && !(which >> i & 1))
			continue;
		if (l->n == PIECES)
			return false;
		l->piece[l->n++] = (struct vr_piece){ at, to - from, write };
		for (uint32_t k = from; k < to; k++)
			l->byte[first + k] = at + (k - from);
		from = to;
	}
	return true;
}

/* The request's data is exactly these bytes of the guest's, in order. */
static void assert_data(const struct layout *l, uint32_t first)
{
	uint32_t k = first;

	assert_int_equal(vb_request.bytes, VBLK_SECTOR);
	for (unsigned int i = 0; i < vb_request.pieces; i++) {
		const struct vq_piece *p = &vb_request.piece[i];

		assert_int_not_equal(p->len, 0);
		for (uint32_t b = 0; b < p->len; b++, k++)
			if (p->at + b != vr_at(&vb_ring, l->byte[k]))
				fail_msg("byte %u is another", k);
	}
	assert_int_equal(k, first + VBLK_SECTOR);
}

static void one_shape(const struct layout *l, uint32_t total, uint32_t first,
		      enum vblk_what what, bool indirect)
{
	static const uint8_t header[2][VB_HEADER] = { { VB_IN, [8] = 7 },
						      { VB_OUT, [8] = 7 } };
	uint8_t before[LONGEST + PIECES * GAP];
	uint32_t written = 0;

	for (uint32_t i = 0; i < VB_HEADER; i++)
		*(uint8_t *)vr_at(&vb_ring, l->byte[i]) =
			header[what == VBLK_WRITE][i];
	assert_int_not_equal(vr_add(&vb_ring, l->piece, l->n, indirect), -1);
	vb_take();
	assert_int_equal(vb_request.what, what);
	assert_int_equal(vb_request.at, 7 * VBLK_SECTOR);
	assert_false(vb_request.durable);
	assert_data(l, first);
	memcpy(before, vb_byte(0), sizeof(before));
	before[l->byte[total - 1] - VB_DATA] = VBLK_OK;
	virtio_blk_give(&vb, &vb_ring.vq, &vb_request, VBLK_OK);
	vq_publish(&vb_ring.vq);
	/* The answer, and nothing else. */
	assert_memory_equal(vb_byte(0), before, sizeof(before));
	assert_int_not_equal(vr_collect(&vb_ring, &written), -1);
	assert_int_equal(written, what == VBLK_READ ? VBLK_SECTOR + 1 : 1);
}

/* Behind each byte of the header. */
static const uint32_t in_header[] = { 1, 2,  3,	 4,  5,	 6,  7, 8,
				      9, 10, 11, 12, 13, 14, 15 };
/* Of data with the answer behind it. */
static const uint32_t in_read[] = { 1, 255, 256, 511, 512 };
/* Of a header with data behind it. */
static const uint32_t in_write[] = { 1,	 2,  3,	 4,  5,	 6,  7,	 8,   9,  10,
				     11, 12, 13, 14, 15, 16, 17, 272, 527 };

static unsigned int all_reads(bool indirect)
{
	unsigned int shapes = 0;

	for (uint32_t h = 0; h < 1u << 15; h++) {
		for (uint32_t d = 0; d < 1u << 5; d++) {
			struct layout l = { .n = 0 };

			if (!cut(&l, 0, VB_HEADER, in_header, 15, h, false) ||
			    !cut(&l, VB_HEADER, VBLK_SECTOR + 1, in_read, 5, d,
				 true))
				continue;
			one_shape(&l, LONGEST, VB_HEADER, VBLK_READ, indirect);
			shapes++;
		}
	}
	return shapes;
}

static unsigned int all_writes(bool indirect)
{
	const uint32_t len = VB_HEADER + VBLK_SECTOR;
	unsigned int shapes = 0;

	for (uint32_t w = 0; w < 1u << 19; w++) {
		struct layout l = { .n = 0 };

		if (!cut(&l, 0, len, in_write, 19, w, false) ||
		    !cut(&l, len, 1, NULL, 0, 0, true))
			continue;
		one_shape(&l, len + 1, VB_HEADER, VBLK_WRITE, indirect);
		shapes++;
	}
	return shapes;
}

/* Of i out of n places, summed for i up to most. */
static unsigned int choices(unsigned int n, unsigned int most)
{
	unsigned int sum = 0, term = 1;

	for (unsigned int i = 0; i <= most; i++) {
		sum += term;
		term = term * (n - i) / (i + 1);
	}
	return sum;
}

static void hc12_every_shape_of_a_request(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		vb_begin(way, 16, false, 0);
		/* Six cuts at most of 20 places, and of 19. */
		assert_int_equal(all_reads(way & VR_INDIRECT), choices(20, 6));
		assert_int_equal(all_writes(way & VR_INDIRECT), choices(19, 6));
		vb_end();
	}
}

/* A byte a piece, and more pieces than a driver should make. */
static void hc13_a_request_in_the_most_pieces(void **state)
{
	static struct vr_piece p[VR_MOST];
	uint32_t written;

	(void)state;
	vb_begin(VR_SPLIT, VR_MOST, false, 0);
	vb_header(VB_OUT, 3);
	p[0] = (struct vr_piece){ VB_DATA, 31, false };
	for (unsigned int i = 1; i < VR_MOST - 1; i++)
		p[i] = (struct vr_piece){ VB_DATA + 30 + i, 1, false };
	p[VR_MOST - 2].len = 2 * VBLK_SECTOR - 15 - (VR_MOST - 3);
	p[VR_MOST - 1] = (struct vr_piece){ VB_DATA + 2000, 1, true };
	assert_int_not_equal(vr_add(&vb_ring, p, VR_MOST, false), -1);
	vb_take();
	assert_int_equal(vb_request.what, VBLK_WRITE);
	assert_int_equal(vb_request.pieces, VR_MOST - 1);
	assert_int_equal(vb_request.bytes, 2 * VBLK_SECTOR);
	virtio_blk_give(&vb, &vb_ring.vq, &vb_request, VBLK_ERROR);
	vq_publish(&vb_ring.vq);
	assert_int_not_equal(vr_collect(&vb_ring, &written), -1);
	assert_int_equal(*vb_byte(2000), VBLK_ERROR);
	vb_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc12_every_shape_of_a_request),
		cmocka_unit_test(hc13_a_request_in_the_most_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
