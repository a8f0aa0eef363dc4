/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio disk: each kind of request, done and refused, at every edge.
 */
#include "tests/unit/virtio_blk_rig.h"

#define IN VB_HEADER

static void each(void (*test)(unsigned int way), bool read_only,
		 uint64_t without)
{
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		vb_begin(way, 8, read_only, without);
		test(way);
		vb_end();
	}
}

/* Ask and take; it must be something to do. */
static void ask(unsigned int way, uint32_t kind, uint64_t sector, uint32_t in,
		uint32_t out, enum vblk_what what)
{
	vb_header(kind, sector);
	vb_ask(in, out, way);
	vb_take();
	assert_int_equal(vb_request.what, what);
}

static void read_write_flush(unsigned int way)
{
	ask(way, VB_IN, VB_SECTORS - 8, IN, 8 * VBLK_SECTOR + 1, VBLK_READ);
	assert_int_equal(vb_request.at, (VB_SECTORS - 8) * VBLK_SECTOR);
	assert_int_equal(vb_request.bytes, 8 * VBLK_SECTOR);
	vb_answer(VBLK_OK);
	ask(way, VB_OUT, 0, IN + VBLK_SECTOR, 1, VBLK_WRITE);
	assert_int_equal(vb_request.at, 0);
	assert_false(vb_request.durable);
	vb_answer(VBLK_OK);
	ask(way, VB_FLUSH, 0, IN, 1, VBLK_FLUSH);
	vb_answer(VBLK_OK);
	assert_int_equal(vb.done[VBLK_READ], 1);
	assert_int_equal(vb.bytes[VBLK_READ], 8 * VBLK_SECTOR);
	assert_int_equal(vb.done[VBLK_WRITE], 1);
	assert_int_equal(vb.bytes[VBLK_WRITE], VBLK_SECTOR);
	assert_int_equal(vb.done[VBLK_FLUSH], 1);
}

static void reads_writes_and_flushes(void **state)
{
	(void)state;
	each(read_write_flush, false, 0);
}

static void failure(unsigned int way)
{
	ask(way, VB_IN, 0, IN, VBLK_SECTOR + 1, VBLK_READ);
	vb_answer(VBLK_ERROR);
	assert_int_equal(vb.done[VBLK_READ], 0);
	assert_int_equal(vb.failed[VBLK_BAD_DISK], 1);
}

static void what_fails_is_counted(void **state)
{
	(void)state;
	each(failure, false, 0);
}

static void written_through(unsigned int way)
{
	ask(way, VB_OUT, 0, IN + VBLK_SECTOR, 1, VBLK_WRITE);
	assert_true(vb_request.durable);
	vb_answer(VBLK_OK);
}

static void without_flushes_writes_are_durable(void **state)
{
	(void)state;
	each(written_through, false, VBLK_F_FLUSH);
}

static void many_at_once(unsigned int way)
{
	static struct vblk_request r[4];
	uint32_t written;

	for (unsigned int i = 0; i < 4; i++) {
		const uint64_t at = VB_DATA + i * 1024;
		const struct vr_piece p[] = { { at, VB_HEADER, false },
					      { at + 16, VBLK_SECTOR + 1,
						true } };

		vb_header(VB_IN, i);
		memcpy(vr_at(&vb_ring, at), vb_byte(0), VB_HEADER);
		assert_int_not_equal(vr_add(&vb_ring, p, 2, way & VR_INDIRECT),
				     -1);
		assert_int_equal(virtio_blk_take(&vb, &vb_ring.vq, &r[i]), 1);
		assert_int_equal(r[i].at, i * VBLK_SECTOR);
	}
	for (unsigned int i = 4; i-- > 0;) {
		*vb_byte(i * 1024 + 16 + VBLK_SECTOR) = VB_NONE;
		virtio_blk_give(&vb, &vb_ring.vq, &r[i],
				i % 2 ? VBLK_OK : VBLK_ERROR);
		vq_publish(&vb_ring.vq);
		assert_int_equal(vr_collect(&vb_ring, &written), r[i].chain.id);
		assert_int_equal(*vb_byte(i * 1024 + 16 + VBLK_SECTOR),
				 i % 2 ? VBLK_OK : VBLK_ERROR);
	}
}

static void answers_come_in_any_order(void **state)
{
	(void)state;
	each(many_at_once, false, 0);
}

static void id(unsigned int way)
{
	memset(vb_byte(0), 0xaa, 64);
	ask(way, VB_GET_ID, 0, IN, VBLK_ID + 1, VBLK_ANSWERED);
	vb_answer(vb_request.answer);
	assert_string_equal(vb_byte(IN), "a disk of some name");
	/* No more than there is room for, and no more than there is. */
	ask(way, VB_GET_ID, 0, IN, 7, VBLK_ANSWERED);
	vb_answer(vb_request.answer);
	assert_memory_equal(vb_byte(IN), "a disk\0", 7);
	memset(vb_byte(0), 0xaa, 64);
	ask(way, VB_GET_ID, 0, IN, 31, VBLK_ANSWERED);
	vb_answer(vb_request.answer);
	assert_int_equal(*vb_byte(IN + VBLK_ID), 0xaa);
	ask(way, VB_GET_ID, 0, IN, 1, VBLK_ANSWERED);
	vb_answer(VBLK_OK);
}

static void tells_its_name(void **state)
{
	(void)state;
	each(id, false, 0);
}

/* --- ranges ------------------------------------------------------------- */

static void ask_ranges(unsigned int way, uint32_t kind,
		       const struct vb_segment *s, unsigned int n)
{
	memcpy(vb_byte(IN), s, n * sizeof(*s));
	vb_header(kind, 0);
	vb_ask(IN + n * (uint32_t)sizeof(*s), 1, way);
	vb_take();
}

static void ranges(unsigned int way)
{
	struct vb_segment s[VBLK_RANGES];

	for (unsigned int i = 0; i < VBLK_RANGES; i++)
		s[i] = (struct vb_segment){ i * 10, i + 1, 0 };
	ask_ranges(way, VB_DISCARD, s, VBLK_RANGES);
	assert_int_equal(vb_request.what, VBLK_DISCARD);
	assert_int_equal(vb_request.ranges, VBLK_RANGES);
	for (unsigned int i = 0; i < VBLK_RANGES; i++) {
		assert_int_equal(vb_request.range[i].at, i * 10 * VBLK_SECTOR);
		assert_int_equal(vb_request.range[i].bytes,
				 (i + 1) * VBLK_SECTOR);
		assert_true(vb_request.range[i].unmap);
	}
	vb_answer(VBLK_OK);
	assert_int_equal(vb.bytes[VBLK_DISCARD], 136 * VBLK_SECTOR);
	s[1].flags = 1;
	s[2].sectors = 0;
	ask_ranges(way, VB_WRITE_ZEROES, s, 3);
	assert_int_equal(vb_request.what, VBLK_ZERO);
	assert_int_equal(vb_request.ranges, 2);
	assert_false(vb_request.range[0].unmap);
	assert_true(vb_request.range[1].unmap);
	vb_answer(VBLK_OK);
}

static void discards_and_zeroes_ranges(void **state)
{
	(void)state;
	each(ranges, false, 0);
}

static void refuse_range(uint32_t kind, struct vb_segment s,
			 enum vblk_status status, enum vblk_error why)
{
	memcpy(vb_byte(IN), &s, sizeof(s));
	vb_header(kind, 0);
	vb_refused(IN + sizeof(s), 1, status, why);
}

static void bad_ranges(unsigned int way)
{
	(void)way;
	for (uint32_t flag = 1; flag != 0; flag <<= 1) {
		refuse_range(VB_DISCARD, (struct vb_segment){ 0, 1, flag },
			     VBLK_UNSUPPORTED, VBLK_BAD_KIND);
		if (flag > 1)
			refuse_range(VB_WRITE_ZEROES,
				     (struct vb_segment){ 0, 1, flag },
				     VBLK_UNSUPPORTED, VBLK_BAD_KIND);
	}
	for (uint32_t kind = VB_DISCARD; kind <= VB_WRITE_ZEROES; kind += 2) {
		refuse_range(kind, (struct vb_segment){ VB_SECTORS, 1, 0 },
			     VBLK_ERROR, VBLK_BAD_RANGE);
		refuse_range(kind, (struct vb_segment){ 1, VB_SECTORS, 0 },
			     VBLK_ERROR, VBLK_BAD_RANGE);
		refuse_range(kind, (struct vb_segment){ UINT64_MAX, 2, 0 },
			     VBLK_ERROR, VBLK_BAD_RANGE);
		refuse_range(kind, (struct vb_segment){ 0, UINT32_MAX, 0 },
			     VBLK_ERROR, VBLK_BAD_RANGE);
		/* None, a part of one, one too many. */
		vb_header(kind, 0);
		vb_refused(IN, 1, VBLK_ERROR, VBLK_BAD_REQUEST);
		vb_refused(IN + 17, 1, VBLK_ERROR, VBLK_BAD_REQUEST);
		vb_refused(IN + (VBLK_RANGES + 1) * 16, 1, VBLK_ERROR,
			   VBLK_BAD_REQUEST);
	}
	vb.sectors = 1ull << 40;
	refuse_range(VB_DISCARD,
		     (struct vb_segment){ 0, VBLK_MAX_DISCARD + 1, 0 },
		     VBLK_ERROR, VBLK_BAD_RANGE);
	refuse_range(VB_WRITE_ZEROES,
		     (struct vb_segment){ 0, VBLK_MAX_ZERO + 1, 0 }, VBLK_ERROR,
		     VBLK_BAD_RANGE);
}

static void hc08_ranges_that_cannot_be(void **state)
{
	(void)state;
	each(bad_ranges, false, 0);
}

static void not_agreed(unsigned int way)
{
	(void)way;
	refuse_range(VB_DISCARD, (struct vb_segment){ 0, 1, 0 },
		     VBLK_UNSUPPORTED, VBLK_BAD_KIND);
	refuse_range(VB_WRITE_ZEROES, (struct vb_segment){ 0, 1, 0 },
		     VBLK_UNSUPPORTED, VBLK_BAD_KIND);
}

static void what_was_not_agreed_is_not_done(void **state)
{
	(void)state;
	each(not_agreed, false, VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES);
}

/* --- what is refused ---------------------------------------------------- */

static void bad_places(unsigned int way)
{
	static const uint64_t places[] = {
		VB_SECTORS,	VB_SECTORS + 1,	  UINT64_MAX,
		UINT64_MAX - 1, 1ull << 55,	  (1ull << 55) + 1,
		1ull << 63,	UINT64_MAX / 512, UINT64_MAX / 512 + 1,
	};

	(void)way;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		vb_header(VB_IN, places[i]);
		vb_refused(IN, VBLK_SECTOR + 1, VBLK_ERROR, VBLK_BAD_RANGE);
		vb_header(VB_OUT, places[i]);
		vb_refused(IN + VBLK_SECTOR, 1, VBLK_ERROR, VBLK_BAD_RANGE);
	}
	vb_header(VB_IN, VB_SECTORS - 1);
	vb_refused(IN, 2 * VBLK_SECTOR + 1, VBLK_ERROR, VBLK_BAD_RANGE);
	vb_header(VB_OUT, VB_SECTORS - 1);
	vb_refused(IN + 2 * VBLK_SECTOR, 1, VBLK_ERROR, VBLK_BAD_RANGE);
}

static void hc08_sectors_beyond_the_disk(void **state)
{
	(void)state;
	each(bad_places, false, 0);
}

static void bad_lengths(unsigned int way)
{
	for (uint32_t extra = 1; extra < VBLK_SECTOR; extra++) {
		vb_header(VB_IN, 0);
		vb_refused(IN, extra + 1, VBLK_ERROR, VBLK_BAD_REQUEST);
		vb_refused(IN, VBLK_SECTOR + extra + 1, VBLK_ERROR,
			   VBLK_BAD_REQUEST);
		vb_header(VB_OUT, 0);
		vb_refused(IN + extra, 1, VBLK_ERROR, VBLK_BAD_REQUEST);
	}
	for (uint32_t header = 0; header < VB_HEADER; header++)
		vb_refused(header, 1, VBLK_ERROR, VBLK_BAD_REQUEST);
	/* Of no data there is nothing to do. */
	ask(way, VB_IN, 0, IN, 1, VBLK_ANSWERED);
	vb_answer(VBLK_OK);
	ask(way, VB_OUT, 0, IN, 1, VBLK_ANSWERED);
	vb_answer(VBLK_OK);
}

static void hc10_lengths_no_request_has(void **state)
{
	(void)state;
	each(bad_lengths, false, 0);
}

static void bad_kinds(unsigned int way)
{
	(void)way;
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t kind = i < 100 ? i : UINT32_MAX - i;

		if (kind == VB_IN || kind == VB_OUT || kind == VB_FLUSH ||
		    kind == VB_GET_ID || kind == VB_DISCARD ||
		    kind == VB_WRITE_ZEROES)
			continue;
		vb_header(kind, 0);
		vb_refused(IN + VBLK_SECTOR, VBLK_SECTOR + 1, VBLK_UNSUPPORTED,
			   VBLK_BAD_KIND);
	}
}

static void kinds_that_are_not_known(void **state)
{
	(void)state;
	each(bad_kinds, false, 0);
}

static void only_read(unsigned int way)
{
	vb_header(VB_OUT, 0);
	vb_refused(IN + VBLK_SECTOR, 1, VBLK_ERROR, VBLK_BAD_READ_ONLY);
	vb.features |= VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES;
	refuse_range(VB_DISCARD, (struct vb_segment){ 0, 1, 0 }, VBLK_ERROR,
		     VBLK_BAD_READ_ONLY);
	refuse_range(VB_WRITE_ZEROES, (struct vb_segment){ 0, 1, 0 },
		     VBLK_ERROR, VBLK_BAD_READ_ONLY);
	ask(way, VB_IN, 0, IN, VBLK_SECTOR + 1, VBLK_READ);
	vb_answer(VBLK_OK);
}

static void a_disk_that_is_only_read(void **state)
{
	(void)state;
	each(only_read, true, 0);
}

static void blocks_of_4096(unsigned int way)
{
	vb.block = 4096;
	vb_header(VB_IN, 1);
	vb_refused(IN, 4096 + 1, VBLK_ERROR, VBLK_BAD_RANGE);
	vb_header(VB_OUT, 8);
	vb_refused(IN + VBLK_SECTOR, 1, VBLK_ERROR, VBLK_BAD_RANGE);
	ask(way, VB_OUT, 8, IN + 4096, 1, VBLK_WRITE);
	vb_answer(VBLK_OK);
}

static void whole_blocks_only(void **state)
{
	(void)state;
	each(blocks_of_4096, false, 0);
}

/* Nowhere to put an answer: the ring stops. */
static void no_answer(unsigned int way)
{
	vb_header(VB_FLUSH, 0);
	vb_ask(IN, 0, way);
	assert_int_equal(virtio_blk_take(&vb, &vb_ring.vq, &vb_request), -1);
	assert_int_equal(vb_ring.vq.fault, VQ_NO_ANSWER);
	vb_ask(IN, 1, way);
	assert_int_equal(virtio_blk_take(&vb, &vb_ring.vq, &vb_request), -1);
	assert_true(vq_arm(&vb_ring.vq));
}

static void hc05_no_room_for_an_answer(void **state)
{
	(void)state;
	each(no_answer, false, 0);
}

/* --- what it says of itself --------------------------------------------- */

static void what_the_driver_reads(void **state)
{
	struct vblk_config c;

	(void)state;
	vb_begin(VR_SPLIT, 8, false, 0);
	vb.queues = 4;
	virtio_blk_config(&vb, &c);
	assert_int_equal(c.capacity, VB_SECTORS);
	assert_int_equal(c.segments, VBLK_SEGMENTS);
	assert_int_equal(c.block, 512);
	assert_int_equal(c.physical, 3);
	assert_int_equal(c.min_io, 8);
	assert_int_equal(c.writeback, 1);
	assert_int_equal(c.queues, 4);
	assert_int_equal(c.max_discard, VBLK_MAX_DISCARD);
	assert_int_equal(c.discards, VBLK_RANGES);
	assert_int_equal(c.max_zero, VBLK_MAX_ZERO);
	assert_int_equal(c.zeroes, VBLK_RANGES);
	assert_int_equal(c.zero_unmaps, 1);
	vb_end();
	vb_begin(VR_SPLIT, 8, true, VBLK_F_FLUSH);
	virtio_blk_config(&vb, &c);
	assert_true(virtio_blk_offers(&vb) & VBLK_F_RO);
	assert_false(virtio_blk_offers(&vb) &
		     (VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES));
	assert_int_equal(c.writeback, 0);
	assert_int_equal(c.max_discard, 0);
	assert_int_equal(c.max_zero, 0);
	vb.block = 4096;
	virtio_blk_config(&vb, &c);
	assert_int_equal(c.physical, 0);
	assert_int_equal(c.min_io, 1);
	assert_int_equal(c.discard_align, 8);
	vb_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_writes_and_flushes),
		cmocka_unit_test(what_fails_is_counted),
		cmocka_unit_test(without_flushes_writes_are_durable),
		cmocka_unit_test(answers_come_in_any_order),
		cmocka_unit_test(tells_its_name),
		cmocka_unit_test(discards_and_zeroes_ranges),
		cmocka_unit_test(hc08_ranges_that_cannot_be),
		cmocka_unit_test(what_was_not_agreed_is_not_done),
		cmocka_unit_test(hc08_sectors_beyond_the_disk),
		cmocka_unit_test(hc10_lengths_no_request_has),
		cmocka_unit_test(kinds_that_are_not_known),
		cmocka_unit_test(a_disk_that_is_only_read),
		cmocka_unit_test(whole_blocks_only),
		cmocka_unit_test(hc05_no_room_for_an_answer),
		cmocka_unit_test(what_the_driver_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
