/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network card that is given many frames at once: whatever form each
 * one's buffers have, all arrive, once and in order.
 */
#include "tests/unit/virtio_net_rig.h"

#define FRAMES 60u
#define ROOM 512u
/* Bytes of the guest's data for each frame. */
#define STRIDE 256u

static uint8_t room[FRAMES][ROOM];
static struct net_buffer packet[FRAMES];

static uint32_t length_of(unsigned int i)
{
	return 20 + i * 3;
}

static void begin(unsigned int way, uint64_t features)
{
	vn_begin(way, SLOTS, features);
	for (unsigned int i = 0; i < FRAMES; i++)
		packet[i] = (struct net_buffer){ .data = room[i] };
}

/* --- from the guest ----------------------------------------------------- */

/* In what form the guest sends a frame. */
enum form { ONE, TWO, TABLE, RUNT, LONG, FORMS };

static enum form form_of(unsigned int i, unsigned int seed)
{
	unsigned int which = (i + seed) * 2654435761u >> 20;

	/* Mostly one piece. */
	return which % 3 ? ONE : (enum form)(which / 3 % FORMS);
}

static bool is_good(enum form form)
{
	return form != RUNT && form != LONG;
}

static void guest_sends(unsigned int i, enum form form)
{
	uint64_t at = DATA + (uint64_t)i * STRIDE;
	uint32_t whole = NET_HEADER + length_of(i);
	struct vr_piece p[2] = { { at, whole, false } };

	memset(vr_at(&vn_tx, at), 0, NET_HEADER);
	vn_fill(vr_at(&vn_tx, at + NET_HEADER), length_of(i), i);
	if (form == RUNT)
		p[0].len = NET_HEADER + 3;
	if (form == LONG)
		p[0].len = NET_HEADER + ROOM + 1;
	if (form == TWO || form == TABLE) {
		p[0].len = NET_HEADER + i % 9;
		p[1] = (struct vr_piece){ at + p[0].len, whole - p[0].len,
					  false };
	}
	assert_int_not_equal(vr_add(&vn_tx, p, p[1].len ? 2 : 1, form == TABLE),
			     -1);
}

/* The good ones of those sent, from @first on. Return: how many. */
static unsigned int assert_taken(unsigned int first, unsigned int n,
				 unsigned int seed)
{
	unsigned int filled = 0;

	for (unsigned int i = first; i < first + n; i++) {
		if (!is_good(form_of(i, seed)))
			continue;
		vn_fill(vn_want, length_of(i), i);
		assert_int_equal(packet[filled].len, length_of(i));
		assert_memory_equal(packet[filled].data, vn_want, length_of(i));
		filled++;
	}
	return filled;
}

static void frames_from_the_guest(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 400; seed++) {
		const unsigned int sent = 40, asked = 1 + seed % 39;
		enum net_result end;
		uint32_t written;
		unsigned int n;
		bool r, t;

		begin(seed % 2 ? VR_PACKED : VR_SPLIT, 0);
		for (unsigned int i = 0; i < sent; i++)
			guest_sends(i, form_of(i, seed));
		n = virtio_net_take(&vn, packet, asked, ROOM, &end);
		assert_int_equal(n, assert_taken(0, asked, seed));
		assert_int_equal(end, NET_FRAME);
		n = virtio_net_take(&vn, packet, FRAMES, ROOM, &end);
		assert_int_equal(n, assert_taken(asked, sent - asked, seed));
		assert_int_equal(end, NET_NONE);
		assert_int_equal(vn.tx.out, 0);
		/* All go back, each with nothing written. */
		virtio_net_publish(&vn, &r, &t);
		for (unsigned int i = 0; i < sent; i++) {
			assert_int_not_equal(vr_collect(&vn_tx, &written), -1);
			assert_int_equal(written, 0);
		}
		vn_end();
	}
}

/* What came before a fault is not lost. */
static void frames_before_a_fault(void **state)
{
	struct vr_piece outside = { VR_BASE - 64, 60, false };

	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		enum net_result end;

		begin(way, 0);
		for (unsigned int i = 0; i < 5; i++)
			guest_sends(i, ONE);
		vr_add(&vn_tx, &outside, 1, false);
		assert_int_equal(virtio_net_take(&vn, packet, 9, ROOM, &end),
				 5);
		assert_int_equal(end, NET_BROKEN);
		assert_int_equal(vn.tx.fault, VQ_BAD_ADDRESS);
		vn_end();
	}
}

/* --- to the guest ------------------------------------------------------- */

/* Buffers of very different sizes, some of several pieces. */
static uint32_t guest_offers(unsigned int i, unsigned int seed)
{
	uint32_t len = 64u << (i * 7 + seed) % 3;
	uint64_t at = DATA + (uint64_t)i * STRIDE;
	struct vr_piece p[2] = { { at, len, true } };
	bool split = (i + seed) % 5 == 0;

	if (split) {
		p[0].len = 9;
		p[1] = (struct vr_piece){ at + 9, len - 9, true };
	}
	return vr_add(&vn_rx, p, split ? 2 : 1, seed & 1) == -1 ? 0 : len;
}

/*
 * Read what came, one frame after another, over as many buffers as the first
 * says.  Return: how many frames.
 */
static unsigned int assert_received(void)
{
	unsigned int frames = 0, buffer = 0;
	uint32_t written;
	bool r, t;

	virtio_net_publish(&vn, &r, &t);
	while (vr_collect(&vn_rx, &written) != -1) {
		uint8_t *at = vr_at(&vn_rx, DATA + buffer++ * (uint64_t)STRIDE);
		unsigned int more = vn_buffers(at) - 1u;
		uint32_t len = written;

		memcpy(vn_got, at, written);
		for (; more > 0; more--) {
			at = vr_at(&vn_rx, DATA + buffer++ * (uint64_t)STRIDE);
			assert_int_not_equal(vr_collect(&vn_rx, &written), -1);
			memcpy(vn_got + len, at, written);
			len += written;
		}
		vn_fill(vn_want, length_of(frames), frames);
		assert_int_equal(len, NET_HEADER + length_of(frames));
		assert_memory_equal(vn_got + NET_HEADER, vn_want,
				    length_of(frames));
		frames++;
	}
	return frames;
}

static void frames_to_the_guest(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 400; seed++) {
		unsigned int buffers = 30 + seed % 20, done;
		enum net_result end;

		begin(seed / 2 % 2 ? VR_PACKED : VR_SPLIT, NET_F_MRG_RXBUF);
		for (unsigned int i = 0; i < FRAMES; i++) {
			packet[i].len = (uint16_t)length_of(i);
			vn_fill(packet[i].data, length_of(i), i);
		}
		for (unsigned int i = 0; i < buffers; i++)
			guest_offers(i, seed);
		done = virtio_net_put(&vn, packet, 7, &end);
		assert_int_equal(done, 7);
		assert_int_equal(end, NET_FRAME);
		done += virtio_net_put(&vn, packet + 7, FRAMES - 7, &end);
		/* There are more frames than buffers. */
		assert_int_equal(end, NET_NONE);
		assert_int_equal(vn.rx.out, 0);
		assert_int_equal(assert_received(), done);
		vn_end();
	}
}

/* A frame that does not fit is dropped, and none of those around it. */
static void a_frame_too_long_among_others(void **state)
{
	(void)state;
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		enum net_result end;

		begin(way, 0);
		for (unsigned int i = 0; i < 5; i++)
			packet[i].len = i == 2 ? 300 : 60;
		vn_offer(8, STRIDE, 0, way);
		assert_int_equal(virtio_net_put(&vn, packet, 5, &end), 5);
		assert_int_equal(end, NET_FRAME);
		assert_int_equal(vn.count[NET_NO_BUFFER], 1);
		assert_int_equal(vn.rx.out, 0);
		vn_end();
	}
}

/* One whose checksum is left to do, for a guest that does none. */
static void work_to_do_among_others(void **state)
{
	const struct shape shape = { .words = 5, .payload = 100 };
	static struct seg seg;
	uint64_t random = 1;

	(void)state;
	seg_make(&seg, &shape, &random);
	for (unsigned int way = VR_SPLIT; way <= VR_PACKED; way++) {
		enum net_result end;

		begin(way, 0);
		for (unsigned int i = 0; i < 5; i++)
			packet[i].len = 60;
		packet[2] = (struct net_buffer){ seg.b, (uint16_t)seg.len, 0,
						 seg.o };
		vn_offer(8, STRIDE, 0, way);
		assert_int_equal(virtio_net_put(&vn, packet, 5, &end), 5);
		memcpy(vn_want, seg.b, seg.len);
		assert_true(offload_checksum(vn_want, seg.len, seg.at.l4,
					     seg.at.field - seg.at.l4));
		assert_memory_equal(vr_at(&vn_rx,
					  DATA + 2 * STRIDE + NET_HEADER),
				    vn_want, seg.len);
		vn_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_from_the_guest),
		cmocka_unit_test(frames_before_a_fault),
		cmocka_unit_test(frames_to_the_guest),
		cmocka_unit_test(a_frame_too_long_among_others),
		cmocka_unit_test(work_to_do_among_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
